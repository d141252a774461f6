import { tcpClient, type TcpClientOptions } from '../../server/index';
import { scenario, type Scenario, type ScenarioOptions } from '../../server/testing/index';

/** The port on which the server of {@link calling} listens. */
export const port = 8080;

/** A tcpClient and the server that it calls. On a network with a latency, the client is still connecting. */
export const calling = (
  options: TcpClientOptions = {},
  surroundings: ScenarioOptions = {},
): Promise<Scenario<typeof tcpClient>> =>
  scenario(tcpClient, { port, ...options }, { ...surroundings, listeners: { server: port } });

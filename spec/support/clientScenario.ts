import { tcpClient, type Bytes, type TcpClientEmitted, type TcpClientOptions } from '../../server/index';
import { scenario, type Scenario, type StageOptions } from '../../server/testing/index';

type ClientScenario = Scenario<typeof tcpClient>;

/** Where {@link calling} has its server listen. */
export const port = 8080;

/** A tcpClient, and the server that it calls. On a network with a latency it is still connecting. */
export const calling = (options: TcpClientOptions = {}, surroundings: StageOptions = {}): Promise<ClientScenario> =>
  scenario(tcpClient, { port, ...options }, { ...surroundings, listeners: { server: port } });

/** What of all that the client has emitted is of one type, in order. */
export function emittedOf<TType extends TcpClientEmitted['type']>(
  s: ClientScenario,
  type: TType,
): Extract<TcpClientEmitted, { type: TType }>[] {
  return s.emitted.filter((event) => event.type === type) as Extract<TcpClientEmitted, { type: TType }>[];
}

/** All bytes that have come out of its outbox. */
export const outboxOf = (s: ClientScenario): Buffer => Buffer.concat(emittedOf(s, 'outbox').map(({ data }) => data));

/** Sends what is for the server, one after the other. */
export async function inbox(s: ClientScenario, ...all: readonly Bytes[]): Promise<void> {
  for (const data of all) await s.send({ type: 'inbox', data });
}

/** Ends the connection, behind what was sent. */
export async function finish(s: ClientScenario): Promise<void> {
  await s.send({ type: 'control.producerFinished' });
}

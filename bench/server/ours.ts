import { createServerCore, type TimeLimits } from '../../server/index';
import { Hub, startInspector } from '../../server/inspect/index';
import { echoes, rooms } from './handlers';
import { backlog, type ListeningServer, type Mode } from './listeningServer';

/** All time limits, with values that an idle connection doesn't reach while it is measured. */
const limits: TimeLimits = {
  openTimeout: 10_000,
  handlerStartTimeout: 5_000,
  idleTimeout: 600_000,
  minReceiveRate: { bytesPerSecond: 100, window: 5_000 },
  maxConnectionDuration: 3_600_000,
  writeTimeout: 30_000,
};

/** Starts ServerCore with one of the handlers, and with time limits or an inspector if the kind says so. */
export async function listenOurs(mode: Mode, kind: string): Promise<ListeningServer> {
  const [handler = '', extra] = kind.split(/-(?=attached|watched|limited)/);
  const protocol = (mode === 'echo' ? echoes : rooms)[handler];
  if (protocol === undefined) throw new Error(`There is no ${kind} handler for ${mode}`);
  const server = createServerCore({ protocol, port: 0, backlog, ...(extra === 'limited' && limits) });
  const { port } = await server.start();
  const countOpen = (): number => server.actor.getSnapshot().context.open;
  if (extra === undefined || extra === 'limited') return { port, countOpen };
  const hub = new Hub();
  hub.attach(server.actor);
  const { url } = await startInspector(hub);
  return { port, countOpen, ...(extra === 'watched' && { inspector: url }) };
}

import { createServerCore } from '../../server/index';
import { Hub, startInspector } from '../../server/inspect/index';
import { echoes, rooms } from './handlers';
import { backlog, type Listening, type Mode } from './listening';

/** ServerCore with one of the handlers, and an inspector if the kind says so. */
export async function listenOurs(mode: Mode, kind: string): Promise<Listening> {
  const [handler = '', isInspected] = kind.split(/-(?=attached|watched)/);
  const protocol = (mode === 'echo' ? echoes : rooms)[handler];
  if (protocol === undefined) throw new Error(`There is no ${kind} handler for ${mode}`);
  const server = createServerCore({ protocol, port: 0, backlog });
  const { port } = await server.start();
  const countOpen = (): number => server.actor.getSnapshot().context.open;
  if (isInspected === undefined) return { port, countOpen };
  const hub = new Hub();
  hub.attach(server.actor);
  const { url } = await startInspector(hub);
  return { port, countOpen, ...(isInspected === 'watched' && { inspector: url }) };
}

import { createServerCore } from '../../server/index';
import { echoes, rooms } from './handlers';
import { backlog, type Listening, type Mode } from './listening';

/** ServerCore with one of the handlers. */
export async function listenOurs(mode: Mode, kind: string): Promise<Listening> {
  const protocol = (mode === 'echo' ? echoes : rooms)[kind];
  if (protocol === undefined) throw new Error(`There is no ${kind} handler for ${mode}`);
  const server = createServerCore({ protocol, port: 0, backlog });
  const { port } = await server.start();
  return { port, countOpen: () => server.actor.getSnapshot().context.open };
}

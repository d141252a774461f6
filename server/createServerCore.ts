import { serverCore } from '../actors/serverCore';
import { resolveServerCoreOptions, type ServerCoreOptions } from '../machines/options';
import { handleOptions, ServerHandle, type HandleOptions } from './serverHandle';

/** A ServerCore as a program holds it. */
export type ServerCore = ServerHandle<typeof serverCore>;

/**
 * Kamaelia's ServerCore: one port, many connections, a handler for each.
 *
 * @example
 * ```ts
 * await using server = createServerCore({ protocol: echo, port: 0 });
 * const { port } = await server.start();
 * ```
 *
 * @throws {@link InvalidOptionError} naming the option, its value and what is allowed; nothing has been opened then
 */
export function createServerCore(options: ServerCoreOptions & HandleOptions): ServerCore {
  const [input, own] = handleOptions<ServerCoreOptions>(options);
  resolveServerCoreOptions(input);
  return new ServerHandle(serverCore, input, own);
}

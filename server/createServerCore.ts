import { serverCore } from '../actors/serverCore';
import { resolveServerCoreOptions, type ServerCoreOptions } from '../machines/options';
import { ServerHandle, type HandleOptions } from './serverHandle';

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
export function createServerCore({ clock, ...options }: ServerCoreOptions & HandleOptions): ServerCore {
  resolveServerCoreOptions(options);
  return new ServerHandle(serverCore, options, clock === undefined ? {} : { clock });
}

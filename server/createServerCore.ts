import { serverCore } from '../actors/serverCore';
import { checkChanges, type ConfigurableOptions } from '../machines/options/configure';
import type { ServerCoreOptions } from '../machines/options/options';
import { resolveServerCoreOptions } from '../machines/options/resolveOptions';
import { handleOptions, ServerHandle, type HandleOptions } from './serverHandle';

/** The handle of a ServerCore. */
export class ServerCore extends ServerHandle<typeof serverCore> {
  /**
   * Changes limits while the server runs: checks the values, and sends `control.configure`. All given options change
   * or, when one of them is bad, none. An option that is left out or undefined stays as it is. Open connections keep
   * their time limits, and none of them is closed. A call before the server's start takes effect at the start. A call
   * after the server's end changes nothing.
   * @throws {@link InvalidOptionError} naming the option, its value and what is allowed; nothing has changed then
   */
  configure(options: ConfigurableOptions): void {
    checkChanges(this.actor.getSnapshot().context.options, options);
    this.send({ type: 'control.configure', options });
  }
}

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
  return new ServerCore(serverCore, input, own);
}

import { singleServer } from '../actors/singleServer';
import type { SingleServerOptions } from '../machines/options/options';
import { resolveSingleServerOptions } from '../machines/options/resolveOptions';
import { handleOptions, ServerHandle, type HandleOptions } from './serverHandle';

/** The handle of a SingleServer. */
export type SingleServer = ServerHandle<typeof singleServer>;

/**
 * Kamaelia's SingleServer: one port, one connection at a time. Send it `inbox {data}` for the client, and listen to
 * `outbox` for what the client sends.
 *
 * @example
 * ```ts
 * await using server = createSingleServer({ port: 0 });
 * server.on('outbox', ({ data }) => server.send({ type: 'inbox', data }));
 * await server.start();
 * ```
 *
 * @throws {@link InvalidOptionError} naming the option, its value and what is allowed; nothing has been opened then
 */
export function createSingleServer(options: SingleServerOptions & HandleOptions = {}): SingleServer {
  const [input, own] = handleOptions<SingleServerOptions>(options);
  resolveSingleServerOptions(input);
  return new ServerHandle(singleServer, input, own);
}

import { fromPromise, type AnyActor } from 'xstate';
import { ConnectError } from '../machines/vocabulary/errors';
import type { ResolvedTcpClientOptions } from '../machines/options/resolveOptions';
import { tcpClientMachine } from '../machines/tcpClientMachine';
import { SocketAdapter } from './socket/socketAdapter';
import { connectionInfo } from './socket/connectionInfo';
import { connection } from './connection';
import { networkOf } from './socket/network';
import { tcpSettings } from './socket/tcpSettings';

/** Opens {@link tcpClient}'s socket; a client that is stopped meanwhile closes it. */
const connector = fromPromise<SocketAdapter, ResolvedTcpClientOptions>(
  ({ input: options, self, signal }) =>
    new Promise((resolve, reject) => {
      const { host, port, path, connectTimeout } = options;
      const { clock } = self as unknown as AnyActor;
      const socket = networkOf(self).createConnection({
        ...(path === undefined ? { host, port } : { path }),
        allowHalfOpen: true,
        ...tcpSettings(options),
      });
      const fail = (cause: NodeJS.ErrnoException): void => {
        clock.clearTimeout(timer);
        socket.destroy();
        reject(new ConnectError(path ?? host, path === undefined ? port : 0, cause));
      };
      const timer: unknown = clock.setTimeout(() => {
        const error = new Error(`no answer for ${String(connectTimeout)} ms`);
        fail(Object.assign(error, { code: 'ETIMEDOUT' }));
      }, connectTimeout);
      signal.addEventListener('abort', () => {
        clock.clearTimeout(timer);
        socket.destroy();
      });
      socket.once('error', fail);
      socket.once('connect', () => {
        clock.clearTimeout(timer);
        socket.off('error', fail);
        resolve(
          new SocketAdapter(
            socket,
            connectionInfo('connection:1', socket, path === undefined ? undefined : { address: path, port: 0 }),
            { clock },
          ),
        );
      });
    }),
);

/**
 * Kamaelia's TCPClient, to embed: connects to a server with {@link TcpClientOptions} as its input. Events `inbox {data}`
 * to the server, emitted `outbox {data}` from it; its output is a {@link ConnectionSummary}. When there is no
 * connecting it ends in a {@link ConnectError}; when it is told to end before it is connected, its output is undefined. As
 * with any actor: who starts it with `createActor` subscribes to its errors, or XState throws them globally.
 */
export const tcpClient = tcpClientMachine.provide({ actors: { connector, connection } });

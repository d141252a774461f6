import { fromPromise, type AnyActor } from 'xstate';
import { ConnectError } from '../machines/vocabulary/errors';
import type { ResolvedTcpClientOptions } from '../machines/options/resolveOptions';
import { tcpClientMachine } from '../machines/tcpClientMachine';
import { SocketAdapter } from './socket/socketAdapter';
import { connectionInfo } from './socket/connectionInfo';
import { connection } from './connection';
import { networkOf } from './socket/network';
import { tcpSettings } from './socket/tcpSettings';

/** Opens the socket of a {@link tcpClient}. A client that is stopped before the socket is open closes the socket. */
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
 * Kamaelia's TCPClient, to embed: connects to a server, with {@link TcpClientOptions} as its input. An event
 * `inbox {data}` goes to the server; what the server sends is emitted as `outbox {data}`.
 *
 * Its output is a {@link ConnectionSummary}; undefined, when the client is told to end before it is connected. A
 * client that can't connect ends in a {@link ConnectError}.
 *
 * As with any actor, a program that starts it with `createActor` must subscribe to its errors, or XState throws them
 * globally.
 */
export const tcpClient = tcpClientMachine.provide({ actors: { connector, connection } });

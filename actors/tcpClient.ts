import { fromPromise, type AnyEventObject } from 'xstate';
import { createConnection } from 'node:net';
import { ConnectError } from '../machines/errors';
import type { LogicFor } from '../machines/logic';
import type { ResolvedTcpClientOptions } from '../machines/options';
import { tcpClientMachine } from '../machines/tcpClientMachine';
import { ConnectedSocketAdapter } from './connectedSocketAdapter';
import { connectionInfo } from './connectionInfo';
import { connection } from './connection';

/** Opens the socket; a client that is stopped meanwhile closes it. */
const connector: LogicFor<AnyEventObject, ResolvedTcpClientOptions> = fromPromise<
  ConnectedSocketAdapter,
  ResolvedTcpClientOptions
>(
  ({ input: options, signal }) =>
    new Promise((resolve, reject) => {
      const { host, port, path, noDelay, keepAlive, connectTimeout } = options;
      const socket = createConnection({
        ...(path === undefined ? { host, port } : { path }),
        allowHalfOpen: true,
        noDelay,
        keepAlive: keepAlive !== false,
        ...(typeof keepAlive === 'number' ? { keepAliveInitialDelay: keepAlive } : {}),
      });
      const fail = (cause: NodeJS.ErrnoException): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new ConnectError(path ?? host, path === undefined ? port : 0, cause));
      };
      const timer = setTimeout(() => {
        const error = new Error(`no answer for ${String(connectTimeout)} ms`);
        fail(Object.assign(error, { code: 'ETIMEDOUT' }));
      }, connectTimeout);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        socket.destroy();
      });
      socket.once('error', fail);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', fail);
        resolve(new ConnectedSocketAdapter(socket, connectionInfo('connection:1', socket), options));
      });
    }),
);

/**
 * Kamaelia's TCPClient, to embed: connects to a server with {@link TcpClientOptions} as its input. Events `inbox {data}`
 * to the server, emitted `outbox {data}` from it; its output is a {@link ConnectionSummary}. When there is no
 * connecting it ends in a {@link ConnectError}.
 */
export const tcpClient = tcpClientMachine.provide({ actors: { connector, connection } });

import type { Socket } from 'node:net';
import { connectionMachine, type ConnectionInput } from '../machines/connectionMachine';
import { InvalidOptionError } from '../machines/vocabulary/errors';
import type { Protocol, TcpClientOptions } from '../machines/options/options';
import { resolveTcpClientOptions } from '../machines/options/resolveOptions';
import type { TimeLimits } from '../machines/options/timeLimits';
import { SocketAdapter } from './socket/socketAdapter';
import { connectionInfo } from './socket/connectionInfo';
import { mkProtocolHandler } from './handler/mkProtocolHandler';
import { tableDriven } from './xstate/tableDriven';

/**
 * One connection, to embed in a program that has the socket from somewhere else. {@link connectionInput} makes the
 * input; the output is a {@link ConnectionSummary}.
 *
 * @example
 * ```ts
 * createActor(connection, { input: connectionInput(socket, { protocol: echo }) }).start();
 * ```
 */
export const connection = tableDriven(connectionMachine.provide({ actors: { mkProtocolHandler } }));

/** The options that apply to a connection alone. */
export type ConnectionSettings = Omit<TimeLimits, 'openTimeout'> &
  Pick<TcpClientOptions, 'allowHalfOpen' | 'maxBufferedBytes' | 'lingerTimeout'> & { readonly protocol: Protocol };

/**
 * Makes a {@link connection}'s input from a connected socket. The connection owns the socket from the connection's
 * start on. Nobody may have read a byte from the socket yet.
 * @param id - the `id` in the handler's {@link ConnectionInfo}
 * @throws {@link InvalidOptionError} for an option that isn't valid, and for a missing `protocol`
 */
export function connectionInput(socket: Socket, settings: ConnectionSettings, id = 'connection:1'): ConnectionInput {
  const options = resolveTcpClientOptions(settings);
  if (options.protocol === undefined) {
    throw new InvalidOptionError('protocol', undefined, 'actor logic or a function that returns it');
  }
  // the connection itself answers the peer's FIN, and no byte may come before there is a handler
  socket.allowHalfOpen = true;
  socket.pause();
  // a live socket without an address is a unix socket
  const isPath = socket.localAddress === undefined && !socket.destroyed;
  const listening = isPath ? { address: '', port: 0 } : undefined;
  return { CSA: new SocketAdapter(socket, connectionInfo(id, socket, listening)), options };
}

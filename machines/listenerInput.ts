import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { ServerContext } from './context/serverContext';
import type { ListenAddress } from './vocabulary/connectionTypes';
import type { ServerCoreOptions, ServerOptions } from './options/options';

/** The input of a listener. */
export interface ListenerInput {
  /** The server's options. An option that is left out has its default. */
  readonly options: ServerOptions & Pick<ServerCoreOptions, 'descriptorHeadroom'>;
  /** Where an earlier listener of the same server listened: a port that the system chose stays the same. */
  readonly address?: ListenAddress;
  /** How many clients earlier listeners accepted: the ids go on from there. */
  readonly accepted?: number;
  /**
   * The clients that no connection has claimed. A server that gives this set keeps those clients when the listener fails,
   * for the next listener; without the set the listener closes them.
   */
  readonly unclaimed?: Set<ConnectedSocketAdapter>;
  /** The server's inbox for accepted clients: `newCSA` is sent there. */
  readonly box: '_socketactivity' | '_oobinfo';
}

/** The input of a server's next listener, whose clients come to this box of the server. */
export const listenerInputFor = (
  { options, address, tally, queue, unclaimed }: ServerContext,
  box: ListenerInput['box'],
): ListenerInput => ({
  options,
  box,
  accepted: tally.connections + tally.rejected + queue.length,
  unclaimed,
  ...(address && { address }),
});

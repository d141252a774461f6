import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { ServerContext } from './context/serverContext';
import type { ListenAddress } from './vocabulary/connectionTypes';
import type { ServerCoreOptions, ServerOptions } from './options/options';

/** The input of a listener. */
export interface ListenerInput {
  /** The server's options. An option that is left out gets its default. */
  readonly options: ServerOptions & Pick<ServerCoreOptions, 'descriptorHeadroom'>;
  /** Where an earlier listener of the same server listened. So a port that the system chose stays the same. */
  readonly address?: ListenAddress;
  /** How many clients the earlier listeners accepted. The ids of new clients go on from there. */
  readonly accepted?: number;
  /**
   * The clients that no connection has claimed yet. When the server gives this set, those clients outlive a listener
   * that fails. Without the set, the listener closes them when it ends.
   */
  readonly unclaimed?: Set<ConnectedSocketAdapter>;
  /** The server's inbox for accepted clients: `newCSA` is sent there. */
  readonly box: '_socketactivity' | '_oobinfo';
}

/**
 * The input of a server's next listener.
 * @param box - the server's inbox that gets the clients
 */
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

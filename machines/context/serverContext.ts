import type { ConnectedSocketAdapter } from '../connectedSocketAdapter';
import type { ResolvedServerOptions } from '../options/resolveOptions';
import type { ListenFailure } from '../options/restart';
import type { ListenAddress } from '../vocabulary/connectionTypes';
import type { Admission } from './admission';
import type { Tally } from './tally';

/** What both servers keep. */
export interface ServerContext {
  readonly options: ResolvedServerOptions;
  /** Where the server listens, from the first time that it does. */
  readonly address: ListenAddress | undefined;
  /** The clients that wait for their turn, the longest first. */
  readonly queue: readonly ConnectedSocketAdapter[];
  readonly admission: Admission;
  /** How the listener failed, within the time that `restart` looks at. */
  readonly failures: readonly ListenFailure[];
  /** The listener's clients that no connection has claimed. */
  readonly unclaimed: Set<ConnectedSocketAdapter>;
  /** The listener has closed for good. */
  readonly portIsFree: boolean;
  readonly tally: Tally;
}

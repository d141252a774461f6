import type { ConnectedSocketAdapter } from '../connectedSocketAdapter';
import type { ResolvedServerOptions } from '../options/resolveOptions';
import type { ListenFailure } from '../options/restart';
import type { ListenAddress } from '../vocabulary/connectionTypes';
import type { Admission } from './admission';
import type { Tally } from './tally';

/** The part of the context that both servers have. */
export interface ServerContext {
  readonly options: ResolvedServerOptions;
  /** Where the server listens. Undefined until it has listened for the first time. */
  readonly address: ListenAddress | undefined;
  /** The clients that wait for their turn (`whenBusy: 'queue'`). The first one has waited longest. */
  readonly queue: readonly ConnectedSocketAdapter[];
  readonly admission: Admission;
  /** The last failures of the listener. `restart` says for how long each one counts. */
  readonly failures: readonly ListenFailure[];
  /** The clients that the listener has accepted and that no connection has claimed yet. */
  readonly unclaimed: Set<ConnectedSocketAdapter>;
  /** Whether the listener has closed for good. */
  readonly portIsFree: boolean;
  readonly tally: Tally;
}

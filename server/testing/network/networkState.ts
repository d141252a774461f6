import type { SimulatedClock } from '../simulatedClock';
import type { Faults } from './faults';

/** What all connections and servers of a network share. */
export interface NetworkState {
  readonly clock: SimulatedClock;
  /** Milliseconds that a delivery takes from one end to the other. */
  readonly latency: number;
  /** Bytes that an end takes from its process before the peer's process reads some. At most half are on their way. */
  readonly window: number;
  /** The share of reads that take only a part of the bytes that have arrived. */
  readonly split: number;
  /** Decides where reads cut the stream of bytes. */
  readonly random: () => number;
  faults: Faults;
  /** All ends of connections that are open. */
  readonly ends: Set<{ readonly local: EndAddress; readonly remote: EndAddress }>;
  /** How many descriptors the servers use. */
  descriptors: number;
}

/** The address of an end. A unix socket has no port. */
export interface EndAddress {
  readonly address: string;
  readonly port: number | undefined;
}

import type { SimulatedClock } from '../simulatedClock';
import type { Faults } from './faults';

/** What all connections of a network have in common. */
export interface Wire {
  readonly clock: SimulatedClock;
  /** Milliseconds that anything takes from one end to the other. */
  readonly latency: number;
  /** Bytes that one end may have taken from its process which the other's has not read. Half of them are on the way. */
  readonly window: number;
  /** The share of reads that take only a part of what is there. */
  readonly split: number;
  readonly random: () => number;
  faults: Faults;
  /** What is open, on whichever side. */
  readonly ends: Set<{ readonly local: EndAddress; readonly remote: EndAddress }>;
  /** How many descriptors the servers have. */
  descriptors: number;
}

/** Where an end is; it has no port when it is a unix socket. */
export interface EndAddress {
  readonly address: string;
  readonly port: number | undefined;
}

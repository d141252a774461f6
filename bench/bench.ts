import type { Clients } from './clients';
import type { Peer, PeerCommand } from './peers';
import type { Kind, Scenario } from './scenarios';
import { startNode, startPeer, type ServerUnderTest } from './serverUnderTest';
import type { Mode } from './server/listeningServer';

/** A server that takes part: raw `node:net`, ServerCore with a kind of handler, or a peer. */
export type ServerName = Kind | Peer['name'];

/** The figures of one server in one scenario. */
export interface Measurement {
  readonly scenario: string;
  readonly server: ServerName;
  /** How many idle connections the server had meanwhile; only in scenarios that compare these numbers. */
  readonly live?: number;
  readonly unit: 'µs' | 'bytes';
  /** One figure a round: CPU of the server process for an operation, or its memory for a connection. */
  readonly values: number[];
  /** Operations a second, one figure a round. */
  readonly perSecond: number[];
}

/** The settings of a run, and what all scenarios share. */
export interface Bench {
  /** How many rounds are measured, after one that only warms up. */
  readonly rounds: number;
  /** The share of a full round's work that this run does: 1, or less for a quick run. */
  readonly share: number;
  /** How many connections a process may have open. */
  readonly maxConnections: number;
  readonly clients: Clients;
  readonly peers: ReadonlyMap<Peer['name'], PeerCommand>;
  /** Restricts the run to these servers. */
  readonly only?: readonly string[];
  /** Prints a line about the progress of the run. */
  readonly tell: (line: string) => void;
}

/** The servers of a scenario in this run. */
export function serversOf({ kinds, withPeers }: Scenario, { peers, only }: Bench): readonly ServerName[] {
  const all: ServerName[] = [...kinds, ...(withPeers ? peers.keys() : [])];
  return all.filter((name) => only?.includes(name) ?? true);
}

/** Starts a server in a process of its own. */
export function start(name: ServerName, mode: Mode, { peers }: Bench): Promise<ServerUnderTest> {
  const command = peers.get(name as Peer['name']);
  return command === undefined ? startNode(name, mode) : startPeer(command);
}

/**
 * Measures all `items` in turn, for so many rounds. Each round begins with another item, so that changes on the
 * machine hit all items alike. One more round goes first, and only warms up.
 */
export async function interleave<T>(
  { rounds, tell }: Bench,
  items: readonly T[],
  measure: (item: T, isWarmUp: boolean) => Promise<void>,
): Promise<void> {
  for (let round = 0; round <= rounds; round += 1) {
    tell(round === 0 ? '  warm-up' : `  round ${String(round)} of ${String(rounds)}`);
    const first = round % items.length;
    for (const item of [...items.slice(first), ...items.slice(0, first)]) await measure(item, round === 0);
  }
}

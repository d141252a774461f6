import type { Clients } from './clients';
import type { Peer, PeerCommand } from './peers';
import type { Kind, Scenario } from './scenarios';
import { startNode, startPeer, type ServerUnderTest } from './serverUnderTest';
import type { Mode } from './server/listening';

/** A server that takes part: raw `node:net`, ServerCore with a kind of handler, or a peer. */
export type ServerName = Kind | Peer['name'];

/** What a scenario said about one server. */
export interface Measurement {
  readonly scenario: string;
  readonly server: ServerName;
  /** How many idle connections were there beside, where that is what the scenario is about. */
  readonly live?: number;
  readonly unit: 'µs' | 'bytes';
  /** One figure a round: CPU of the server process for an operation, or its memory for a connection. */
  readonly values: number[];
  /** Operations a second, one figure a round. */
  readonly perSecond: number[];
}

/** What the measuring of a scenario needs. */
export interface Bench {
  readonly rounds: number;
  /** Of the work that a full round does, how much this run does: 1 unless it has to be quick. */
  readonly share: number;
  /** How many connections a process may have open. */
  readonly maxConnections: number;
  readonly clients: Clients;
  readonly peers: ReadonlyMap<Peer['name'], PeerCommand>;
  /** Restricts a run to these servers. */
  readonly only?: readonly string[];
  readonly tell: (line: string) => void;
}

/** The servers of a scenario in this run. */
export function serversOf({ kinds, withPeers }: Scenario, { peers, only }: Bench): readonly ServerName[] {
  const all: ServerName[] = [...kinds, ...(withPeers ? peers.keys() : [])];
  return all.filter((name) => only?.includes(name) ?? true);
}

export function start(name: ServerName, mode: Mode, { peers }: Bench): Promise<ServerUnderTest> {
  const command = peers.get(name as Peer['name']);
  return command === undefined ? startNode(name, mode) : startPeer(command);
}

/**
 * So many rounds over all of `items`, each time beginning with another one, so that what changes on the machine meets
 * all alike. The first round only warms up.
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

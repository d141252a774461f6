/**
 * Finds what servers that have ended have left in memory. Everything that comes and goes while a server lives must be
 * gone after its end: the entries of each Map, Set and list, and each timer.
 */
import type { AnyActorRef, EventObject } from 'xstate';
import { connections } from '../../actors/registry/connections';
import { networkOf } from '../../actors/socket/network';
import { Sweep, sweepOf, type SweepEntry } from '../../actors/socket/timeouts/sweep';
import { isActive } from '../../actors/xstate/relay';
import type { ServerCoreContext } from '../../machines/serverCoreMachine';
import type { SingleServerContext } from '../../machines/singleServerMachine';
import type { MemoryNetwork } from '../../server/testing/index';
import { SimulatedClock } from '../../server/testing/simulatedClock';

type Live = ReadonlyMap<string, { readonly actor: AnyActorRef | undefined }>;
type ServerContext = Partial<ServerCoreContext> & Partial<SingleServerContext>;

const forgotten: string[] = [];

/**
 * A registry drops all its entries when it is stopped, so afterwards nobody sees that it kept a connection too long.
 * Therefore each event of a registry is checked when it happens.
 */
const transition = connections.transition as (...args: readonly unknown[]) => unknown;
Object.assign(connections, {
  transition(snapshot: { readonly live: Live }, event: EventObject & { readonly actorId?: string }, scope: unknown) {
    const { live } = snapshot;
    if (event.type === 'xstate.stop') {
      for (const [id, { actor }] of live) {
        if (actor === undefined || !isActive(actor)) forgotten.push(`registry: ${id}, which has ended`);
      }
    }
    const next = transition(snapshot, event, scope);
    if (event.actorId !== undefined && live.has(event.actorId)) forgotten.push(`registry: ${event.actorId}`);
    if (event.type === 'xstate.stop' && live.size > 0) forgotten.push('registry: some, after its end');
    return next;
  },
});

const swept = new Map<Sweep, Set<SweepEntry>>();
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with a sweep as its `this`
const { add } = Sweep.prototype;
Object.assign(Sweep.prototype, {
  add(this: Sweep, one: SweepEntry) {
    swept.set(this, (swept.get(this) ?? new Set()).add(one));
    add.call(this, one);
  },
});

/** What the context of a server in its final state still holds. */
function inContext({ open = 0, CSA, unclaimed, queue, exempt, admission, pending }: ServerContext): string[] {
  const counts: Readonly<Record<string, number | undefined>> = {
    open,
    CSA: CSA === undefined ? 0 : 1,
    unclaimed: unclaimed?.size,
    queue: queue?.length,
    exempt: exempt?.size,
    'admission.peers': admission?.peers.size,
    'pending.events': pending?.events.length,
    'pending.bytes': pending?.bytes,
  };
  return Object.entries(counts).flatMap(([name, count = 0]) => (count === 0 ? [] : [`${name}: ${String(count)}`]));
}

/** The pending timers of an actor that has ended. */
function timersOf(actor: AnyActorRef): string[] {
  const { _scheduledEvents: scheduled } = actor.system.getSnapshot();
  const pending = Object.values(scheduled).filter(({ source }) => source === actor);
  return pending.map(({ id }) => `timer ${id}`);
}

/** Only servers are asked for their context: the context of other actors may be anything, and may throw. */
const isServer = (actor: AnyActorRef): boolean =>
  ['serverCore', 'singleServer'].includes((actor as unknown as { logic: { id?: string } }).logic.id ?? '');

function remainsOf(actor: AnyActorRef): string[] {
  const left = timersOf(actor);
  if (isServer(actor)) {
    const { status, context } = actor.getSnapshot() as { status: string; context: ServerContext };
    if (status === 'done') left.push(...inContext(context));
    if ([...(context.unclaimed ?? [])].some((CSA) => CSA.takesBytes)) left.push('an open client');
  }
  return left.map((what) => `${actor.id}: ${what}`);
}

/** What a system keeps after all its actors have ended. */
function remainsOfSystem(root: AnyActorRef): string[] {
  const left: string[] = [];
  for (const { place } of swept.get(sweepOf(root)) ?? []) if (place !== -1) left.push('sweep: a connection');
  const { leftovers, replay } = networkOf(root) as Partial<MemoryNetwork>;
  if (leftovers !== undefined) left.push(...leftovers.call(networkOf(root)));
  const { pending = 0 } = clockOf(root);
  // faults keep bytes on their way for up to a minute
  if (pending > 0 && (replay === undefined || replay.includes('it had no faults')))
    left.push(`clock: ${String(pending)} timers`);
  return left.map((what) => `${root.id}: ${what}`);
}

const clockOf = (actor: AnyActorRef): Partial<SimulatedClock> =>
  (actor as unknown as { readonly clock: Partial<SimulatedClock> }).clock;

/** Milliseconds within which bytes on a network in memory arrive. A timer that is due later counts as left behind. */
const longestLatency = 1_000;

/** Waits until no more bytes are on their way to or from the actors that have ended. */
export async function arrivals(actors: ReadonlySet<AnyActorRef>): Promise<void> {
  const ended = [...actors].filter((actor) => !isActive(actor));
  for (const clock of new Set(ended.map(clockOf))) {
    if (clock instanceof SimulatedClock) await clock.advance(longestLatency);
  }
}

/** What the actors that have ended have left behind, as texts. */
export function remains(actors: ReadonlySet<AnyActorRef>): string[] {
  const ended = [...actors].filter((actor) => !isActive(actor));
  const roots = ended.filter(({ _parent }) => _parent === undefined);
  return [...forgotten, ...ended.flatMap(remainsOf), ...roots.flatMap(remainsOfSystem)];
}

export { isActive };

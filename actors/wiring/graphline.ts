import { createActor, type AnyActorLogic, type AnyActorRef, type EventObject, type Snapshot } from 'xstate';
import { describe, ServerchartError } from '../../machines/vocabulary/errors';
import { isActorLogic, type LogicFor } from '../../machines/vocabulary/logic';
import { crashSafe } from '../xstate/crashSafe';
import { inboxOf, link, rename } from './link';
import { stopOrphans } from '../xstate/orphans';
import { isActive, relay } from '../xstate/relay';
import { canTake } from '../handler/inbox';

/**
 * `[component, outbox, component, inbox]`: what the first component sends in its outbox goes to the second one's inbox.
 * `'self'` is the graphline itself: as the first component with an inbox of its own, as the second with an outbox.
 */
export type Linkage<Name extends string> = readonly [from: Name | 'self', box: string, to: Name | 'self', box: string];

/** The parts of a graphline. */
export interface GraphlineOptions<Name extends string> {
  /** The components, by name. Each component gets the graphline's input as its own input. */
  readonly components: Readonly<Record<Name, AnyActorLogic>>;
  /** From which box to which box messages go. */
  readonly linkages: readonly Linkage<NoInfer<Name>>[];
}

type Children = Readonly<Record<string, AnyActorRef>>;

type GraphlineSnapshot = Snapshot<undefined> & {
  readonly children: Children;
  /** Whether the components behind the graphline's inbox would take an event now, and no message waits inside. */
  can(event: EventObject): boolean;
  /** Whether every component has dealt with everything. */
  readonly isIdle: boolean;
};

/** An event on its way to a component. */
interface Delivery {
  readonly child: AnyActorRef;
  /** The component's inbox. */
  readonly box: string;
  /** The event, under the name that it has in that inbox. */
  readonly event: EventObject;
}

function check({ components, linkages }: GraphlineOptions<string>): void {
  if (Object.keys(components).length === 0) {
    throw new ServerchartError('ERR_INVALID_COMPONENT', 'A graphline needs a component');
  }
  for (const [name, logic] of Object.entries<unknown>(components)) {
    const wrong = !isActorLogic(logic) ? `is ${describe(logic)}, not actor logic` : undefined;
    const reserved = name === 'self' ? "can't be called that: 'self' is the graphline" : undefined;
    const problem = reserved ?? wrong;
    if (problem !== undefined) {
      throw new ServerchartError('ERR_INVALID_COMPONENT', `The component ${describe(name)} ${problem}`);
    }
  }
  const known = ['self', ...Object.keys(components)];
  for (const name of linkages.flatMap(([from, , to]) => [from, to])) {
    if (known.includes(name)) continue;
    const message = `A linkage names ${describe(name)}, but there are only ${known.join(', ')}`;
    throw new ServerchartError('ERR_INVALID_LINKAGE', message);
  }
}

/**
 * Where an event in one of the graphline's inboxes goes. A `control` event without a linkage goes to every component.
 */
function route(linkages: readonly Linkage<string>[], children: Children, event: EventObject): readonly Delivery[] {
  const deliveries = linkages.flatMap(([from, outbox, to, box]) => {
    const renamed = from === 'self' ? rename(event, outbox, box) : undefined;
    const child = children[to];
    return renamed === undefined || child === undefined ? [] : [{ child, box, event: renamed }];
  });
  const isLinked = linkages.some(([from, outbox]) => from === 'self' && rename(event, outbox, '') !== undefined);
  if (isLinked || !event.type.startsWith('control.')) return deliveries;
  return Object.values(children).map((child) => ({ child, box: 'control', event }));
}

/** The snapshot of a graphline. For each answer, the snapshot asks the components anew. */
function snapshotOf(self: AnyActorRef, children: Children, linkages: readonly Linkage<string>[]): GraphlineSnapshot {
  const actors = Object.values(children);
  const inboxes = linkages.flatMap(([, , to, box]) => {
    const child = children[to];
    return child === undefined ? [] : [inboxOf(child, box)];
  });
  const isQuiet = (): boolean => inboxes.every(({ isHolding }) => !isHolding);
  const isOpen = (event: EventObject): boolean =>
    isQuiet() &&
    route(linkages, children, event).every(({ child, event: renamed }) => !isActive(child) || canTake(child, renamed));
  const areIdle = (): boolean =>
    isQuiet() && actors.every((child) => !isActive(child) || inboxOf(child, 'inbox').isIdle);

  const awaited = new Set<string>();
  /**
   * An actor that gets the answer no watches the graphline. So the graphline sends itself an event when that changes.
   */
  const answer = (name: string, ask: () => boolean): boolean => {
    if (ask()) return true;
    if (awaited.has(name)) return false;
    awaited.add(name);
    for (const child of actors) {
      inboxOf(child, 'inbox').until(() => {
        if (!awaited.has(name)) return true;
        if (!ask()) return false;
        awaited.delete(name);
        if (isActive(self)) relay(self, self, { type: `_graphline.${name}` });
        return true;
      });
    }
    return false;
  };

  return {
    status: 'active',
    output: undefined,
    error: undefined,
    children,
    can: (event) => answer('open', () => isOpen(event)),
    get isIdle() {
      return answer('idle', areIdle);
    },
  };
}

/**
 * Kamaelia's Graphline: components that are wired up by linkages, as one component.
 *
 * A graphline ends when all its components have ended. It fails when one component fails; the other components are
 * stopped then. Messages in a box from which no linkage leads on are dropped; but `control` without a linkage goes to
 * every component.
 *
 * As a protocol, a graphline honours selective receive. It takes `inbox` when the component behind its inbox does and
 * no message waits inside. A peer's FIN waits until every component has dealt with everything.
 *
 * @throws {@link ServerchartError} `ERR_INVALID_LINKAGE` for a linkage with a name that no component has,
 * `ERR_INVALID_COMPONENT` for a component that isn't actor logic or is called `self`, and for no component at all
 */
export function graphline<Name extends string>(options: GraphlineOptions<Name>): LogicFor<EventObject, unknown> {
  check(options);
  const components = options.components as Readonly<Record<string, AnyActorLogic>>;
  const linkages: readonly Linkage<string>[] = options.linkages;

  return {
    getInitialSnapshot({ self }, input): GraphlineSnapshot {
      const children = Object.entries(components).map(([id, logic]) => {
        return [id, createActor(crashSafe(logic), { id, parent: self, input }) as AnyActorRef] as const;
      });
      return snapshotOf(self, Object.fromEntries(children), linkages);
    },
    start({ children }: GraphlineSnapshot, { self, emit }) {
      for (const [from, outbox, to, inbox] of linkages) {
        const source = children[from];
        const target = children[to];
        if (source !== undefined && target !== undefined) link(source, outbox, target, inbox);
        if (source === undefined || to !== 'self') continue;
        source.on('*', (emitted: EventObject) => {
          const renamed = rename(emitted, outbox, inbox);
          if (renamed !== undefined && isActive(self)) emit(renamed);
        });
      }
      for (const child of Object.values(children)) (child as unknown as { start(): void }).start();
    },
    transition(snapshot: GraphlineSnapshot, event: EventObject, { self, emit, stopChild }) {
      const { children } = snapshot;
      const live = Object.values(children).filter(isActive);
      const end = (status: 'stopped' | 'error', error?: unknown): object => {
        for (const child of live) stopChild(child);
        return { ...snapshot, status, error };
      };
      if (event.type === 'xstate.stop') return end('stopped');
      if (event.type.startsWith('xstate.error.actor.')) {
        const { actorId, error } = event as EventObject & { actorId: string; error: unknown };
        const crashed = children[actorId];
        if (crashed !== undefined) stopOrphans(crashed);
        return end('error', error);
      }
      if (event.type.startsWith('xstate.done.actor.')) {
        return live.length === 0 ? { ...snapshot, status: 'done' } : snapshot;
      }
      for (const { child, box, event: renamed } of route(linkages, children, event)) {
        if (isActive(child)) inboxOf(child, box).post(self, renamed);
      }
      for (const [from, outbox, to, inbox] of linkages) {
        const renamed = from === 'self' && to === 'self' ? rename(event, outbox, inbox) : undefined;
        if (renamed !== undefined) emit(renamed);
      }
      return snapshot;
    },
    getPersistedSnapshot: (snapshot: GraphlineSnapshot) => snapshot,
  };
}

import { createActor, type AnyActorLogic, type AnyActorRef, type EventObject, type Snapshot } from 'xstate';
import { describe, ServerchartError } from '../../machines/vocabulary/errors';
import { isActorLogic, type LogicFor } from '../../machines/vocabulary/logic';
import { crashSafe } from '../xstate/crashSafe';
import { inboxOf, link, rename } from './link';
import { stopOrphans } from '../xstate/orphans';
import { isActive, relay } from '../xstate/relay';
import { canTake } from '../handler/inbox';

/** `[component, outbox, component, inbox]`. `'self'` is the graphline, whose inbox comes first and whose outbox last. */
export type Linkage<Name extends string> = readonly [from: Name | 'self', box: string, to: Name | 'self', box: string];

/** What a graphline is made of. */
export interface GraphlineOptions<Name extends string> {
  /** The components by name. Each gets the graphline's own input as its input. */
  readonly components: Readonly<Record<Name, AnyActorLogic>>;
  readonly linkages: readonly Linkage<NoInfer<Name>>[];
}

type Children = Readonly<Record<string, AnyActorRef>>;

type GraphlineSnapshot = Snapshot<undefined> & {
  readonly children: Children;
  /** Whether the components behind the graphline's own inbox would take an event now, and nothing waits inside. */
  can(event: EventObject): boolean;
  /** Whether every component has dealt with everything. */
  readonly isIdle: boolean;
};

/** An event on its way to a component: in which of its boxes, and under which name. */
interface Delivery {
  readonly child: AnyActorRef;
  readonly box: string;
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

/** What comes in the graphline's own boxes, and where it goes: `control` that nobody is linked to goes to everyone. */
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

/** What a graphline's snapshot tells of its components. */
function questions(self: AnyActorRef, children: Children, linkages: readonly Linkage<string>[]): GraphlineSnapshot {
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
  /** Whoever was answered no watches this actor: it changes when the answer does. */
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
 * Kamaelia's Graphline: components, wired up by the linkages that you name, as one component.
 *
 * It ends when all its components have ended, and fails when one fails; the others are stopped then. What comes in a box
 * that no linkage leads on from is dropped, but for `control`, which goes to every component. As a protocol it honours
 * selective receive: it takes `inbox` when the component behind it does and nothing waits in a box inside, and a peer's
 * FIN waits until every component is done.
 *
 * @throws {@link ServerchartError} `ERR_INVALID_LINKAGE` for a linkage that names no component, `ERR_INVALID_COMPONENT`
 * for a component that isn't actor logic
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
      return questions(self, Object.fromEntries(children), linkages);
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

import { createActor, type AnyActorLogic, type AnyActorRef, type EventObject, type Snapshot } from 'xstate';
import { ServerchartError } from '../machines/errors';
import { isActorLogic, type LogicFor } from '../machines/logic';
import { inboxOf, link, rename } from './link';
import { isActive, relay } from './relay';
import { canTake } from './selectiveReceive';

/** `[component, outbox, component, inbox]`. `'self'` is the graphline, whose inbox comes first and whose outbox last. */
export type Linkage<Name extends string> = readonly [from: Name | 'self', box: string, to: Name | 'self', box: string];

/** What a graphline is made of. */
export interface GraphlineOptions<Name extends string> {
  /** The components by name. Each gets the graphline's own input as its input. */
  readonly components: Readonly<Record<Name, AnyActorLogic>>;
  readonly linkages: readonly Linkage<Name>[];
}

type GraphlineSnapshot = Snapshot<undefined> & {
  readonly children: Readonly<Record<string, AnyActorRef>>;
  /** Whether the components behind the graphline's own inbox would take an event now. */
  can(event: EventObject): boolean;
};

/**
 * Kamaelia's Graphline: components, wired up by the linkages that you name, as one component.
 *
 * It ends when all its components have ended, and fails when one fails; the others are stopped then. What comes in a box
 * that no linkage leads on from is dropped, but for `control`, which goes to every component. As a protocol it honours
 * selective receive: it takes `inbox` when the component behind it does.
 *
 * @throws ServerchartError `ERR_INVALID_LINKAGE` for a linkage that names no component
 */
export function graphline<Name extends string>({
  components,
  linkages,
}: GraphlineOptions<Name>): LogicFor<EventObject, unknown> {
  for (const [name, logic] of Object.entries<unknown>(components)) {
    if (!isActorLogic(logic)) {
      throw new ServerchartError('ERR_INVALID_COMPONENT', `The component '${name}' is not actor logic`);
    }
  }
  for (const [from, , to] of linkages) {
    for (const name of [from, to]) {
      if (name === 'self' || Object.hasOwn(components, name)) continue;
      const known = ['self', ...Object.keys(components)].join(', ');
      throw new ServerchartError('ERR_INVALID_LINKAGE', `A linkage names '${name}', but there are only ${known}`);
    }
  }
  const names = Object.keys(components) as Name[];

  /** Where an event of the graphline's own inbox goes, under which name. */
  const route = (children: GraphlineSnapshot['children'], event: EventObject): [AnyActorRef, string, EventObject][] => {
    const targets = linkages.flatMap(([from, outbox, to, inbox]) => {
      const renamed = from === 'self' ? rename(event, outbox, inbox) : undefined;
      const child = children[to];
      return renamed === undefined || child === undefined
        ? []
        : [[child, inbox, renamed] as [AnyActorRef, string, EventObject]];
    });
    if (targets.length > 0 || !event.type.startsWith('control.')) return targets;
    return Object.values(children).map((child) => [child, 'control', event]);
  };

  return {
    getInitialSnapshot({ self }, input): GraphlineSnapshot {
      const children = Object.fromEntries(
        names.map((name) => [
          name,
          createActor(components[name] as AnyActorLogic, { id: name, parent: self, input }) as AnyActorRef,
        ]),
      );
      const isOpen = (event: EventObject): boolean =>
        route(children, event).every(([child, box, renamed]) => {
          return !isActive(child) || (!inboxOf(child, box).isHolding && canTake(child, renamed));
        });
      const can = (event: EventObject): boolean => {
        if (isOpen(event)) return true;
        // whoever was refused watches this actor: let it know when it may ask again
        for (const [child, box] of route(children, event)) {
          inboxOf(child, box).until(() => {
            if (!isOpen(event)) return false;
            if (isActive(self)) relay(self, self, { type: '_graphline.open' });
            return true;
          });
        }
        return false;
      };
      return { status: 'active', output: undefined, error: undefined, children, can };
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
    transition(snapshot: GraphlineSnapshot, event: EventObject, { self, stopChild }) {
      const { children } = snapshot;
      const others = Object.values(children).filter(isActive);
      const stopAll = (): void => {
        for (const child of others) stopChild(child);
      };
      if (event.type === 'xstate.stop') {
        stopAll();
        return { ...snapshot, status: 'stopped' };
      }
      if (event.type.startsWith('xstate.error.actor.')) {
        stopAll();
        return { ...snapshot, status: 'error', error: (event as EventObject & { error: unknown }).error };
      }
      if (event.type.startsWith('xstate.done.actor.')) {
        return others.length === 0 ? { ...snapshot, status: 'done' } : snapshot;
      }
      for (const [child, box, renamed] of route(children, event)) {
        if (isActive(child)) inboxOf(child, box).post(self, renamed);
      }
      return snapshot;
    },
    getPersistedSnapshot: (snapshot: GraphlineSnapshot) => snapshot,
  };
}

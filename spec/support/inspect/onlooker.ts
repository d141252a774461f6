import { afterEach } from '@jest/globals';
import type { AnyActor, AnyActorRef } from 'xstate';
import { Hub } from '../../../server/inspect/hub/hub';
import type { HubSubscription } from '../../../server/inspect/hub/hubSubscription';
import type { ActorId, BornRecord, InspectionRecord } from '../../../server/inspect/records';
import { isActive, wasStarted } from '../../../actors/xstate/relay';

type RecordOf<TType extends InspectionRecord['type']> = Extract<InspectionRecord, { type: TType }>;

/** Looks at a hub, believes the records, and throws when one contradicts those before it: see {@link Onlooker.look}. */
export class Onlooker {
  /** All records that it has taken so far, in order. */
  readonly records: InspectionRecord[] = [];
  /** Who lives, as far as it knows. */
  readonly living = new Map<ActorId, BornRecord>();
  readonly subscription: HubSubscription;
  /** How often the hub has said that there is something. */
  calls = 0;
  readonly #watched = new Set<ActorId>();
  readonly #dead = new Set<ActorId>();
  readonly #definitions = new Set<number>();

  constructor(hub: Hub) {
    this.subscription = hub.join(() => (this.calls += 1));
  }

  /** Takes what there is, and returns it. */
  look(limit = Infinity): InspectionRecord[] {
    const records = this.subscription.take(limit);
    if (records.length > limit) throw new Error('More than was asked for');
    for (const record of records) this.#believe(record);
    this.records.push(...records);
    return records;
  }

  /** All records of a type so far, those that wait among them. */
  all<TType extends InspectionRecord['type']>(type: TType): RecordOf<TType>[] {
    this.look();
    return this.records.filter((record): record is RecordOf<TType> => record.type === type);
  }

  /** The path of each actor that lives: `server/connections/connection:1`. */
  paths(): string[] {
    this.look();
    return [...this.living.values()].map((born) => this.pathOf(born.id));
  }

  pathOf(id: ActorId): string {
    const { parent, name } = this.living.get(id) ?? { name: `#${String(id)}` };
    return parent === undefined ? name : `${this.pathOf(parent)}/${name}`;
  }

  /** The session ids of those that live. */
  sessions(): string[] {
    this.look();
    return [...this.living.values()].map(({ session }) => session).toSorted();
  }

  /** The id of a living actor of this name. */
  idOf(name: string): ActorId {
    this.look();
    const found = [...this.living.values()].find((born) => born.name === name);
    if (found === undefined) throw new Error(`Nobody is called ${name}`);
    return found.id;
  }

  watch(...names: string[]): this {
    this.subscription.watch(
      names.map((name) => this.idOf(name)),
      0,
    );
    return this;
  }

  #believe(record: InspectionRecord): void {
    const expect = (isSo: boolean, what: string): void => {
      if (!isSo) throw new Error(`${what}: ${JSON.stringify(record)}`);
    };
    switch (record.type) {
      case 'born':
        expect(!this.living.has(record.id), 'Born twice');
        expect(!this.#dead.has(record.id), 'Born after its death');
        expect(record.parent === undefined || this.living.has(record.parent), 'Born before its parent');
        this.living.set(record.id, record);
        break;
      case 'died':
        expect(this.living.delete(record.id), 'Died without having lived');
        this.#dead.add(record.id);
        this.#watched.delete(record.id);
        break;
      case 'definition':
        this.#definitions.add(record.id);
        break;
      case 'watched':
        expect(this.living.has(record.id), 'Unknown');
        expect(record.definition === undefined || this.#definitions.has(record.definition), 'Not defined');
        this.#watched.add(record.id);
        break;
      case 'snapshot':
        expect(this.living.has(record.id) && this.#watched.has(record.id), 'Not watched');
        break;
      case 'event':
        expect(this.living.has(record.target), 'Unknown target');
        expect(record.source === undefined || this.living.has(record.source), 'Unknown source');
        break;
      case 'emitted':
        expect(this.living.has(record.source), 'Unknown source');
        break;
      case 'dropped':
        expect(record.events > 0, 'Nothing');
        break;
      case 'reset':
        this.living.clear();
        this.#watched.clear();
    }
  }
}

/** Makes hubs and onlookers; those leave after the spec. Call it where one would call `afterEach`. */
export function viewing(): {
  readonly onlooker: (hub: Hub) => Onlooker;
  readonly hubOf: (...roots: AnyActorRef[]) => Hub;
} {
  const made: Onlooker[] = [];
  afterEach(() => {
    for (const { subscription } of made.splice(0)) subscription.leave();
  });
  return {
    onlooker(hub) {
      const onlooker = new Onlooker(hub);
      made.push(onlooker);
      return onlooker;
    },
    hubOf(...roots) {
      const hub = new Hub();
      for (const root of roots) hub.attach(root);
      return hub;
    },
  };
}

/** Stops an actor without its parent, as an orphan must be. */
export function halt(actor: AnyActorRef): void {
  (actor as unknown as { _stop(): void })._stop();
}

export const childrenOf = (parent: AnyActorRef): AnyActor[] =>
  Object.values((parent.getSnapshot() as { children: Record<string, AnyActor> }).children);

export function child(parent: AnyActorRef, id: string): AnyActor {
  const found = childrenOf(parent).find((one) => one.id === id);
  if (found === undefined) throw new Error(`There is no child ${id}`);
  return found;
}

export const statusOf = (actor: AnyActorRef): string => (actor.getSnapshot() as { status: string }).status;

/** Notes every actor that is made in a system from now on; the function returns those that run. */
export function census(root: AnyActorRef): () => AnyActorRef[] {
  const made = new Set([root]);
  root.system.inspect(({ type, actorRef }) => {
    if (type === '@xstate.actor') made.add(actorRef as AnyActorRef);
  });
  return () => [...made].filter((actor) => wasStarted(actor) && isActive(actor));
}

/** Tells whether a system has somebody to tell what happens in it, who wasn't there before this call. */
export function observed({ system }: AnyActorRef): () => boolean {
  const telling = system as unknown as { _sendInspectionEvent: unknown };
  const before = telling._sendInspectionEvent;
  return () => telling._sendInspectionEvent !== before;
}

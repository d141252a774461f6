import type { ActorId, ActorStatus, BornRecord, InspectionRecord, Shown, StateValue } from '../records';

/** The version of the Stately Inspector's protocol that these messages are of. */
const protocolVersion = '0.7.2';

interface Message {
  /** Our own number of the actor: XState's session ids are unique within one system only. */
  readonly sessionId: string;
  readonly rootId: string;
  /** Milliseconds since 1970. */
  readonly createdAt: string;
  readonly id: null;
  readonly _version: string;
}

/** An actor's snapshot in the Stately Inspector's words. */
interface StatelySnapshot {
  readonly status: ActorStatus;
  readonly value?: StateValue;
  readonly context: Shown;
  readonly children: Readonly<Record<string, never>>;
}

interface StatelyEvent {
  readonly type: string;
}

/** A message of the Stately Inspector's protocol, as `@statelyai/inspect` sends it. */
export type StatelyMessage = Message &
  (
    | {
        readonly type: '@xstate.actor';
        readonly name: string;
        readonly parentId?: string;
        /** A machine's config as JSON; for another actor, `{ id }` with its name. */
        readonly definition: string;
        readonly snapshot: StatelySnapshot;
      }
    | { readonly type: '@xstate.event'; readonly event: StatelyEvent; readonly sourceId?: string }
    | { readonly type: '@xstate.snapshot'; readonly event: StatelyEvent; readonly snapshot: StatelySnapshot }
  );

interface KnownActor {
  readonly born: BornRecord;
  readonly parent: KnownActor | undefined;
  readonly rootId: string;
  /** Whether the Stately Inspector knows the actor. */
  isShown: boolean;
  config: string | undefined;
  snapshot: StatelySnapshot;
}

/** The snapshot of an actor that isn't watched. */
const bare: StatelySnapshot = { status: 'active', context: {}, children: {} };

/**
 * Turns records into the Stately Inspector's messages: about the actors that are watched, and about their ancestors,
 * which the Stately Inspector needs for its tree.
 *
 * An actor that has ended is forgotten, so what {@link all} returns stays bounded.
 */
export class StatelyMessages {
  readonly #actors = new Map<ActorId, KnownActor>();
  readonly #configs = new Map<number, string>();
  #shown = 0;

  /** How many actors live. */
  get living(): number {
    return this.#actors.size;
  }

  /** How many of the living actors the Stately Inspector knows. */
  get shown(): number {
    return this.#shown;
  }

  /** All actors that are shown, parents first, for a Stately Inspector that knows nothing yet. */
  all(): StatelyMessage[] {
    // the map is in the order of the births
    return [...this.#actors.values()].filter(({ isShown }) => isShown).map((actor) => introduction(actor));
  }

  /** Forgets everything: the next records come from another connection, which begins with all births. */
  clear(): void {
    this.#actors.clear();
    this.#configs.clear();
    this.#shown = 0;
  }

  /** The messages that a record makes. */
  *tell(record: InspectionRecord): Generator<StatelyMessage> {
    switch (record.type) {
      case 'born': {
        const parent = record.parent === undefined ? undefined : this.#actors.get(record.parent);
        const rootId = parent?.rootId ?? String(record.id);
        this.#actors.set(record.id, {
          born: record,
          parent,
          rootId,
          isShown: false,
          config: undefined,
          snapshot: bare,
        });
        break;
      }
      case 'definition':
        this.#configs.set(record.id, record.config);
        break;
      case 'reset':
        this.#actors.clear();
        this.#shown = 0;
        break;
      case 'watched': {
        const actor = this.#actors.get(record.id);
        if (actor === undefined) break;
        if (record.definition !== undefined) actor.config = this.#configs.get(record.definition);
        actor.snapshot = later(bare, record);
        if (actor.parent !== undefined) yield* this.#introduce(actor.parent);
        this.#note(actor);
        yield introduction(actor);
        break;
      }
      case 'snapshot': {
        const actor = this.#shownActor(record.id);
        if (actor === undefined) break;
        actor.snapshot = later(actor.snapshot, record);
        yield { ...common(actor, record.at), ...snapshotOf(actor, record.event) };
        break;
      }
      case 'event': {
        yield* this.#introducePart(record.target);
        if (record.source !== undefined) yield* this.#introducePart(record.source);
        const target = this.#shownActor(record.target);
        if (target === undefined) break;
        const source = record.source === undefined ? undefined : this.#shownActor(record.source);
        const { type, payload } = record.event;
        const event = { ...(isObject(payload) ? payload : payload === undefined ? {} : { payload }), type };
        yield {
          ...common(target, record.at),
          type: '@xstate.event',
          event,
          ...(source && { sourceId: sessionOf(source) }),
        };
        break;
      }
      case 'died': {
        const actor = this.#actors.get(record.id);
        this.#actors.delete(record.id);
        if (actor?.isShown !== true) break;
        this.#shown -= 1;
        // the last snapshot has said already that the actor is done
        if (actor.snapshot.status === record.status) break;
        actor.snapshot = { ...actor.snapshot, status: record.status };
        yield { ...common(actor, record.at), ...snapshotOf(actor, 'xstate.stop') };
        break;
      }
      // the protocol has no word for what an actor emits, nor for what is missing
      case 'emitted':
      case 'dropped':
    }
  }

  #shownActor(id: ActorId): KnownActor | undefined {
    const actor = this.#actors.get(id);
    return actor?.isShown === true ? actor : undefined;
  }

  /** Introduces an actor, and before it those of its ancestors that the Stately Inspector doesn't know. */
  *#introduce(actor: KnownActor): Generator<StatelyMessage> {
    const unknown: KnownActor[] = [];
    for (let next: KnownActor | undefined = actor; next?.isShown === false; next = next.parent) unknown.unshift(next);
    for (const ancestor of unknown) {
      this.#note(ancestor);
      yield introduction(ancestor);
    }
  }

  /** Introduces an actor if it is a part of another one: a part is never watched, and appears only in events. */
  *#introducePart(id: ActorId): Generator<StatelyMessage> {
    const actor = this.#actors.get(id);
    if (actor?.born.kind === 'part') yield* this.#introduce(actor);
  }

  #note(actor: KnownActor): void {
    if (!actor.isShown) this.#shown += 1;
    actor.isShown = true;
  }
}

const isObject = (value: Shown | undefined): value is Readonly<Record<string, Shown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const sessionOf = ({ born }: KnownActor): string => String(born.id);

const common = (actor: KnownActor, at: number): Message => ({
  sessionId: sessionOf(actor),
  rootId: actor.rootId,
  createdAt: String(Math.floor(at)),
  id: null,
  _version: protocolVersion,
});

function introduction(actor: KnownActor): StatelyMessage {
  const { born, parent, config, snapshot } = actor;
  return {
    ...common(actor, born.at),
    type: '@xstate.actor',
    name: born.name,
    ...(parent && { parentId: sessionOf(parent) }),
    definition: config ?? JSON.stringify({ id: born.name }),
    snapshot,
  };
}

const snapshotOf = (
  { snapshot }: KnownActor,
  event: string,
): Pick<StatelySnapshotMessage, 'type' | 'event' | 'snapshot'> => ({
  type: '@xstate.snapshot',
  event: { type: event },
  snapshot,
});

type StatelySnapshotMessage = Extract<StatelyMessage, { type: '@xstate.snapshot' }>;

/** The snapshot after another one. Without a context of its own it has the one before. */
function later(
  before: StatelySnapshot,
  { status, value, context }: { readonly status: ActorStatus; readonly value?: StateValue; readonly context?: Shown },
): StatelySnapshot {
  return { status, ...(value !== undefined && { value }), context: context ?? before.context, children: {} };
}

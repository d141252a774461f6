import type { AnyActorRef, AnyStateMachine, Subscription } from 'xstate';
import { boolean, check } from '../../../machines/options/optionChecks';
import { Census } from './census';
import { Definitions } from './definitions';
import { Subscriber, type Registry } from './subscriber';
import { Lens, type HubOptions } from './lens';
import { now, type LiveActor } from './liveActor';
import { hasEnded, livingActors, rootOf } from './livingActors';
import { observe } from '../../../actors/xstate/observe';
import { Reporter } from './reporter';
import type { HubSubscription } from './hubSubscription';
import type { DefinitionRecord, DefinitionId, WatchedRecord } from '../records';

/** An actor system that a hub is attached to. */
interface AttachedSystem {
  /** How many times the hub is attached. */
  attached: number;
  /** Set while there is an onlooker. */
  observation: Subscription | undefined;
}

/** Milliseconds between two searches for actors that ended without XState saying so: a root that throws does. */
const sweepInterval = 1_000;

/**
 * Sees what happens in actor systems, and passes it on to onlookers: the inspector's pages, a terminal.
 *
 * Without an onlooker a hub does nothing at all. When the first one comes, the hub walks over all actors that live,
 * and observes their systems from then on. Onlookers hear of the birth and the death of every actor, and of all else
 * only for the actors that they watch. Values are copied at once, with bounded work (see {@link project}). An
 * onlooker that is too slow loses events, never a birth or a death. An error in the hub reaches no actor.
 *
 * @example
 * ```ts
 * const hub = new Hub();
 * hub.attach(server.actor);
 * const { url } = await startInspector(hub);
 * ```
 */
export class Hub {
  readonly #lens: Lens;
  readonly #systems = new Map<AnyActorRef, AttachedSystem>();
  readonly #census = new Census();
  readonly #subscribers = new Set<Subscriber>();
  readonly #definitions = new Definitions();
  readonly #reporter: Reporter;
  #sweeping: NodeJS.Timeout | undefined;

  /** @throws {@link InvalidOptionError} */
  constructor(options: HubOptions = {}) {
    check(options, lensChecks);
    this.#lens = new Lens(options);
    this.#reporter = new Reporter(this.#census, this.#lens, this.#subscribers, (actor) =>
      this.#systems.has(rootOf(actor)),
    );
  }

  /** Whether contexts are shown. */
  get context(): boolean {
    return this.#lens.context;
  }

  /** Whether payloads are shown. */
  get payloads(): boolean {
    return this.#lens.payloads;
  }

  /**
   * Adds an actor's whole system: its root, and all that lives below the root, now and later. It may be called at any
   * time, and any number of times for one system.
   * @returns a subscription whose end takes the system away again. A system whose root has ended goes by itself.
   */
  attach(actor: AnyActorRef): Subscription {
    this.#forgetEnded();
    const root = rootOf(actor);
    const system = this.#systems.get(root) ?? { attached: 0, observation: undefined };
    system.attached += 1;
    this.#systems.set(root, system);
    if (this.#subscribers.size > 0) this.#observe(root, system);
    let isAttached = true;
    return {
      unsubscribe: () => {
        if (!isAttached) return;
        isAttached = false;
        system.attached -= 1;
        if (system.attached === 0) this.#detach(root);
      },
    };
  }

  /**
   * Adds an onlooker. The subscription begins with the births of all actors that live.
   * @param onRecords - called when records wait after none did. An actor may be in the middle of an event then, so
   * `onRecords` must not take the records at once
   */
  join(onRecords: () => void): HubSubscription {
    this.#forgetEnded();
    if (this.#subscribers.size === 0) {
      for (const [root, system] of this.#systems) this.#observe(root, system);
      this.#sweeping = setInterval(() => {
        this.#sweep();
      }, sweepInterval).unref();
    }
    const subscriber = new Subscriber(this.#registry, onRecords);
    this.#subscribers.add(subscriber);
    return subscriber;
  }

  /** A machine that has this definition. Undefined when none has it, and after the last onlooker has left. */
  machineOf(definition: DefinitionId): AnyStateMachine | undefined {
    return this.#definitions.machineOf(definition);
  }

  readonly #registry: Registry = {
    living: { [Symbol.iterator]: () => this.#census.living[Symbol.iterator]() },
    find: (id) => this.#census.find(id),
    introduce: (live) => this.#census.introduce(live),
    describe: (live) => {
      try {
        return this.#describe(live);
      } catch {
        // reading the snapshot has thrown
        return { watched: { type: 'watched', at: now(), id: live.id, status: 'active' }, definition: undefined };
      }
    },
    addWatcher: (live, subscriber) => {
      this.#reporter.addWatcher(live, subscriber);
    },
    removeWatcher: (live, subscriber) => {
      this.#reporter.removeWatcher(live, subscriber);
    },
    leave: (subscriber) => {
      if (this.#subscribers.delete(subscriber) && this.#subscribers.size === 0) this.#rest();
    },
  };

  /** The last onlooker has left: lets go of the systems. */
  #rest(): void {
    clearInterval(this.#sweeping);
    for (const system of this.#systems.values()) {
      system.observation?.unsubscribe();
      system.observation = undefined;
    }
    this.#census.clear();
    this.#definitions.clear();
  }

  #observe(root: AnyActorRef, system: AttachedSystem): void {
    if (system.observation !== undefined) return;
    for (const actor of livingActors(root)) this.#reporter.tellBorn(actor, true);
    system.observation = observe(root.system, (event) => {
      this.#reporter.hear(event);
    });
  }

  #detach(root: AnyActorRef): void {
    this.#systems.get(root)?.observation?.unsubscribe();
    this.#systems.delete(root);
    const taken = [...this.#census.living].filter(({ actor }) => rootOf(actor) === root);
    for (const live of taken) this.#census.leave(live);
    for (const subscriber of taken.length > 0 ? this.#subscribers : []) {
      for (const live of taken) subscriber.forget(live);
      subscriber.lose();
    }
  }

  #forgetEnded(): void {
    for (const [root, { observation }] of this.#systems) {
      if (!hasEnded(root)) continue;
      observation?.unsubscribe();
      this.#systems.delete(root);
    }
  }

  #sweep(): void {
    for (const live of this.#census.living) {
      this.#reporter.attempt(() => {
        if (hasEnded(live.actor)) this.#reporter.tellDied(live);
      });
    }
    this.#forgetEnded();
  }

  #describe(live: LiveActor): { readonly watched: WatchedRecord; readonly definition: DefinitionRecord | undefined } {
    const { snapshot, machine } = live;
    const { status, value, context } = snapshot;
    const definition = machine && this.#definitions.of(machine);
    live.context = context;
    const watched: WatchedRecord = {
      ...{ type: 'watched', at: now(), id: live.id, status },
      ...(definition !== undefined && { definition: definition.id }),
      ...(machine !== undefined && value !== undefined && { value }),
      ...this.#lens.contextOf(context),
    };
    return { watched, definition };
  }
}

const lensChecks = {
  context: boolean,
  payloads: boolean,
  redact: { allowed: 'a regular expression', test: (value: unknown) => value instanceof RegExp },
};

import type { AnyActorRef, AnyStateMachine, Subscription } from 'xstate';
import { boolean, check } from '../../../machines/options/optionChecks';
import { Census } from './census';
import { Definitions } from './definitions';
import { HubViewer, type Registry } from './hubViewer';
import { Lens, type HubOptions } from './lens';
import { now, type LiveActor } from './liveActor';
import { hasEnded, livingActors, rootOf } from './livingActors';
import { observe } from '../../../actors/xstate/observe';
import { Reporter } from './reporter';
import type { Viewer } from './viewer';
import type { Definition, DefinitionId, Watched } from '../wire';

/** An actor system that a hub is attached to. */
interface System {
  /** How many times. */
  attached: number;
  /** Set while somebody looks. */
  observed: Subscription | undefined;
}

/** How often it is looked whether an actor has ended of which XState says nothing, in milliseconds: a root that throws. */
const sweepInterval = 1_000;

/**
 * Sees what happens in actor systems, and tells it to whoever looks: the inspector's pages, a terminal.
 *
 * While nobody looks it does nothing at all. When somebody does, it walks over all that lives and observes the systems
 * from there on; only of actors that are watched is more than birth and death told. Values are copied when they are seen,
 * with bounded work (see {@link project}). A viewer that is too slow loses events, never a birth or a death. Nothing that
 * goes wrong in here reaches an actor.
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
  readonly #systems = new Map<AnyActorRef, System>();
  readonly #census = new Census();
  readonly #viewers = new Set<HubViewer>();
  readonly #definitions = new Definitions();
  readonly #reporter: Reporter;
  #sweeping: NodeJS.Timeout | undefined;

  /** @throws {@link InvalidOptionError} */
  constructor(options: HubOptions = {}) {
    check(options, lensChecks);
    this.#lens = new Lens(options);
    this.#reporter = new Reporter(this.#census, this.#lens, this.#viewers, (actor) => this.#systems.has(rootOf(actor)));
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
   * Adds an actor's whole system: its root, and all that lives below it, now and later. At any time, as often as you like.
   * @returns how to take it away again. A system whose root has ended goes by itself.
   */
  attach(actor: AnyActorRef): Subscription {
    this.#forgetEnded();
    const root = rootOf(actor);
    const system = this.#systems.get(root) ?? { attached: 0, observed: undefined };
    system.attached += 1;
    this.#systems.set(root, system);
    if (this.#viewers.size > 0) this.#observe(root, system);
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
   * Somebody looks from now on.
   * @param onRecords - called when there is something to take after there was nothing, possibly in the middle of an event:
   * it must not take at once
   */
  join(onRecords: () => void): Viewer {
    this.#forgetEnded();
    if (this.#viewers.size === 0) {
      for (const [root, system] of this.#systems) this.#observe(root, system);
      this.#sweeping = setInterval(() => {
        this.#sweep();
      }, sweepInterval).unref();
    }
    const viewer = new HubViewer(this.#registry, onRecords);
    this.#viewers.add(viewer);
    return viewer;
  }

  /** A machine that runs a definition. */
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
        // a snapshot that can't be looked at
        return { watched: { type: 'watched', at: now(), id: live.id, status: 'active' }, definition: undefined };
      }
    },
    addWatcher: (live, viewer) => {
      this.#reporter.addWatcher(live, viewer);
    },
    removeWatcher: (live, viewer) => {
      this.#reporter.removeWatcher(live, viewer);
    },
    leave: (viewer) => {
      if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#rest();
    },
  };

  /** Nobody looks any more. */
  #rest(): void {
    clearInterval(this.#sweeping);
    for (const system of this.#systems.values()) {
      system.observed?.unsubscribe();
      system.observed = undefined;
    }
    this.#census.clear();
    this.#definitions.clear();
  }

  #observe(root: AnyActorRef, system: System): void {
    if (system.observed !== undefined) return;
    for (const actor of livingActors(root)) this.#reporter.tellBorn(actor, true);
    system.observed = observe(root.system, (event) => {
      this.#reporter.hear(event);
    });
  }

  #detach(root: AnyActorRef): void {
    this.#systems.get(root)?.observed?.unsubscribe();
    this.#systems.delete(root);
    const taken = [...this.#census.living].filter(({ actor }) => rootOf(actor) === root);
    for (const live of taken) this.#census.leave(live);
    for (const viewer of taken.length > 0 ? this.#viewers : []) {
      for (const live of taken) viewer.forget(live);
      viewer.lose();
    }
  }

  #forgetEnded(): void {
    for (const [root, { observed }] of this.#systems) {
      if (!hasEnded(root)) continue;
      observed?.unsubscribe();
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

  #describe(live: LiveActor): { readonly watched: Watched; readonly definition: Definition | undefined } {
    const { snapshot, machine } = live;
    const { status, value, context } = snapshot;
    const definition = machine && this.#definitions.of(machine);
    live.context = context;
    const watched: Watched = {
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

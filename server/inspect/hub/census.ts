import type { AnyActorRef } from 'xstate';
import { LiveActor } from './liveActor';
import { livingAbove } from './livingActors';
import type { ActorId, BornRecord } from '../records';

/** The actors that a hub has seen and that live, in the order of their births. */
export class Census {
  readonly #live = new Map<AnyActorRef, LiveActor>();
  readonly #byId = new Map<ActorId, LiveActor>();
  #lastId = 0;

  get living(): Iterable<LiveActor> {
    return this.#live.values();
  }

  get(actor: AnyActorRef): LiveActor | undefined {
    return this.#live.get(actor);
  }

  find(id: ActorId): LiveActor | undefined {
    return this.#byId.get(id);
  }

  /**
   * Enters an actor. Ancestors that are missing are entered first.
   * @param livedEarlier - whether the actor lived before the first onlooker came
   * @param onEntered - called for each actor that is entered
   */
  enter(actor: AnyActorRef, livedEarlier: boolean, onEntered: (live: LiveActor) => void): LiveActor {
    const known = this.#live.get(actor);
    if (known !== undefined) return known;
    const above = livingAbove(actor);
    const parent = above && this.enter(above, livedEarlier, onEntered);
    this.#lastId += 1;
    const live = new LiveActor(this.#lastId, actor, parent, livedEarlier);
    this.#live.set(actor, live);
    this.#byId.set(live.id, live);
    onEntered(live);
    return live;
  }

  leave(live: LiveActor): void {
    this.#live.delete(live.actor);
    this.#byId.delete(live.id);
  }

  clear(): void {
    this.#live.clear();
    this.#byId.clear();
  }

  /**
   * The birth of an actor, for an onlooker that came later. The parent may have died by then: the record names the
   * nearest ancestor that lives.
   */
  introduce({ actor, born }: LiveActor): BornRecord {
    if (born.parent === undefined || this.#byId.has(born.parent)) return born;
    const { parent: _, ...rest } = born;
    const above = livingAbove(actor);
    const parent = above && this.#live.get(above);
    return parent === undefined ? rest : { ...rest, parent: parent.id };
  }
}

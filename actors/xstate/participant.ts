import type { AnyActor, AnyActorLogic, AnyActorRef, EventObject } from 'xstate';
import { idleLogic } from './idleLogic';
import { has, type SystemInternals } from './internals';
import { isActive, relay } from './relay';

/**
 * Sends an inspection event to a system's inspectors. Without `_sendInspectionEvent`, inspectors don't see commands.
 */
const inspect: (system: AnyActorRef['system'], event: object) => void = has._sendInspectionEvent
  ? (system, event) => {
      (system as SystemInternals)._sendInspectionEvent(event);
    }
  : () => undefined;

const nothingToUnsubscribe = { unsubscribe: () => undefined };

interface ParticipantSnapshot {
  readonly status: 'active' | 'stopped';
}

/**
 * A part of an actor that isn't an actor itself, but looks like one to inspectors and traces: they see it as the
 * source of the events that it sends to its actor, and as the target of the actor's commands. A connection's socket
 * is such a part.
 *
 * A part has what XState publishes of an actor, so that an inspector may treat all actors alike. One of XState's actors would cost each connection 1 KB. A participant keeps nothing in memory for inspectors: what
 * they ask for is worked out when they ask.
 */
export abstract class Participant {
  /** The part's name among its actor's children. */
  abstract readonly id: string;
  /** The actor that this is a part of. Undefined before there is such an actor, and after its end. */
  protected abstract readonly owner: AnyActorRef | undefined;

  get sessionId(): string {
    return `${this.owner?.sessionId ?? ''}/${this.id}`;
  }

  /** The owner, where XState's actors have their parent. */
  get options(): { readonly parent: AnyActorRef | undefined } {
    return { parent: this.owner };
  }

  get system(): AnyActorRef['system'] | undefined {
    return this.owner?.system;
  }

  get clock(): AnyActor['clock'] | undefined {
    return (this.owner as AnyActor | undefined)?.clock;
  }

  get src(): string {
    return this.id;
  }

  get systemId(): undefined {
    return undefined;
  }

  get ref(): this {
    return this;
  }

  /** A part runs no logic, but inspectors look into an actor's logic to tell the actor's kind. */
  get logic(): AnyActorLogic {
    return idleLogic;
  }

  getSnapshot(): ParticipantSnapshot {
    return { status: this.owner === undefined ? 'stopped' : 'active' };
  }

  getPersistedSnapshot(): ParticipantSnapshot {
    return this.getSnapshot();
  }

  /** A part emits nothing. */
  on(): typeof nothingToUnsubscribe {
    return nothingToUnsubscribe;
  }

  /** A part's snapshot doesn't change as long as its owner lives. */
  subscribe(): typeof nothingToUnsubscribe {
    return nothingToUnsubscribe;
  }

  select<T>(selector: (snapshot: ParticipantSnapshot) => T): {
    get: () => T;
    subscribe: () => typeof nothingToUnsubscribe;
  } {
    return { get: () => selector(this.getSnapshot()), subscribe: () => nothingToUnsubscribe };
  }

  /** Only the owner commands a part. */
  send(): void {
    // events from elsewhere go nowhere
  }

  start(): this {
    return this;
  }

  stop(): this {
    return this;
  }

  /** Like XState's actors, for an inspector that copies events as JSON. */
  toJSON(): object {
    return { xstate$$type: 1, id: this.id };
  }

  /** Sends an event to the owner, if the owner still takes events. */
  protected tellOwner(event: EventObject): void {
    const { owner } = this;
    if (owner !== undefined && isActive(owner)) relay(this as unknown as AnyActorRef, owner, event);
  }

  /**
   * Shows inspectors a command of the owner as an event, as long as the owner lives. The command itself is a call: no
   * event is sent. Call this when the command is done: an inspector may throw.
   */
  protected noteCommand(event: EventObject): void {
    const { owner } = this;
    if (owner !== undefined && isActive(owner)) {
      inspect(owner.system, { type: '@xstate.event', sourceRef: owner, actorRef: this, event });
    }
  }
}

/** Whether something that looks like an actor to inspectors is only a part of one. */
export const isParticipant = (actor: object): boolean => actor instanceof Participant;

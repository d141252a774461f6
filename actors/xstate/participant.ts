import type { AnyActorRef, EventObject } from 'xstate';
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

/**
 * A part of an actor that isn't an actor itself, but looks like one to inspectors and traces: they see it as the
 * source of the events that it sends to its actor, and as the target of the actor's commands. A connection's socket
 * is such a part.
 *
 * One of XState's actors would cost each connection 1 KB. A participant keeps nothing in memory for inspectors: what
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

  getSnapshot(): { readonly status: 'active' | 'stopped' } {
    return { status: this.owner === undefined ? 'stopped' : 'active' };
  }

  /** A part emits nothing. */
  on(): typeof nothingToUnsubscribe {
    return nothingToUnsubscribe;
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

  /** Shows inspectors a command of the owner as an event. The command itself is a call: no event is sent. */
  protected noteCommand(event: EventObject): void {
    const { owner } = this;
    if (owner !== undefined) {
      inspect(owner.system, { type: '@xstate.event', sourceRef: owner, actorRef: this, event });
    }
  }
}

/** Whether something that looks like an actor to inspectors is only a part of one. */
export const isParticipant = (actor: object): boolean => actor instanceof Participant;

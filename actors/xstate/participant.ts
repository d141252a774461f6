import type { AnyActorRef, EventObject } from 'xstate';
import { has, type SystemInternals } from './internals';
import { isActive, relay } from './relay';

/** Tells the inspectors of a system something; without XState's own way, inspectors don't see what is only called. */
const inspect: (system: AnyActorRef['system'], event: object) => void = has._sendInspectionEvent
  ? (system, event) => {
      (system as SystemInternals)._sendInspectionEvent(event);
    }
  : () => undefined;

const nothingToUnsubscribe = { unsubscribe: () => undefined };

/**
 * A part of an actor that is no actor itself, and that inspectors and traces see as one: the named source of what the part
 * tells its actor, and the named target of what the actor commands. A connection's socket is one.
 *
 * An actor of XState's would cost each connection 1 KB. This costs nothing that is kept: all that an inspector asks for is
 * worked out when it asks.
 */
export abstract class Participant {
  /** The part's name among its actor's children. */
  abstract readonly id: string;
  /** The actor that this is a part of; undefined before there is one, and after its end. */
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

  /** As XState's actors, for an inspector that copies what it is told as JSON. */
  toJSON(): object {
    return { xstate$$type: 1, id: this.id };
  }

  /** Sends an event to the owner, if that still takes events. */
  protected tellOwner(event: EventObject): void {
    const { owner } = this;
    if (owner !== undefined && isActive(owner)) relay(this as unknown as AnyActorRef, owner, event);
  }

  /** Tells inspectors what the owner has commanded by a call: no event is sent for it. */
  protected noteCommand(event: EventObject): void {
    const { owner } = this;
    if (owner !== undefined) {
      inspect(owner.system, { type: '@xstate.event', sourceRef: owner, actorRef: this, event });
    }
  }
}

/** Whether what inspectors take for an actor is a part of one. */
export const isParticipant = (actor: object): boolean => actor instanceof Participant;

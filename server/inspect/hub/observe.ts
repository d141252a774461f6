import type { AnyActorRef, InspectionEvent, Subscription } from 'xstate';

type System = AnyActorRef['system'];

/** An inspection event, as long as nobody has added the root's id to it. */
export type Observed = Omit<InspectionEvent, 'rootId'> & InspectionEvent;

type Observer = (event: Observed) => void;

/** What XState leaves out of its types: where everything in a system tells what it does. */
interface Telling {
  _sendInspectionEvent?: Observer;
}

/** How a system is observed: one function in the place of its own, however many hear it. */
interface Tap {
  readonly add: (observer: Observer) => void;
  readonly remove: (observer: Observer) => void;
}

const taps = new WeakMap<System, Tap>();

/**
 * Hears all inspection events of a system. `observer` must not throw: XState (5.33) would end the actor.
 *
 * `system.inspect` does the same, but copies every event before anybody can say whether it matters. With 1,000 connections
 * of which one was watched that took 1.7 to 2.9 µs of the 9.4 to 10.3 µs that a message of 64 bytes costs the server.
 */
export function observe(system: System, observer: Observer): Subscription {
  const tap = taps.get(system) ?? tapOf(system);
  if (tap === undefined) return system.inspect(observer as (event: InspectionEvent) => void);
  tap.add(observer);
  return {
    unsubscribe: () => {
      tap.remove(observer);
    },
  };
}

function tapOf(system: System): Tap | undefined {
  const telling = system as System & Telling;
  const { _sendInspectionEvent: send } = telling;
  if (send === undefined) return undefined;
  let observers: readonly Observer[] = [];
  const tell = (event: Observed): void => {
    for (const observer of observers) observer(event);
    send(event);
  };
  const tap: Tap = {
    add: (observer) => {
      observers = [...observers, observer];
    },
    remove: (observer) => {
      observers = observers.filter((other) => other !== observer);
      // what somebody else has put over it since needs it, and it does for the next time
      if (observers.length > 0 || telling._sendInspectionEvent !== tell) return;
      telling._sendInspectionEvent = send;
      taps.delete(system);
    },
  };
  telling._sendInspectionEvent = tell;
  taps.set(system, tap);
  return tap;
}

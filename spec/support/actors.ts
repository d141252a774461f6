import { afterEach } from '@jest/globals';
import { createActor, fromCallback, setup, type AnyActor, type AnyActorLogic, type AnyEventObject } from 'xstate';

/** Sends any event to any actor: `AnyActor` itself knows no field but `type`. */
export function tell(actor: AnyActor, event: AnyEventObject): void {
  actor.send(event);
}

/** Returns functions that make actors, which are stopped after the spec. Their crashes are no unhandled errors. */
export function starting(): Record<'create' | 'start', (logic: AnyActorLogic) => AnyActor> {
  let made: AnyActor[] = [];
  const create = (logic: AnyActorLogic): AnyActor => {
    const actor = createActor(logic);
    made.push(actor);
    actor.subscribe({ error: () => undefined });
    return actor;
  };
  afterEach(() => {
    for (const actor of made) actor.stop();
    made = [];
  });
  return { create, start: (logic) => create(logic).start() };
}

/** An actor that emits the event in each `say` event. */
export const speaker = fromCallback<AnyEventObject, undefined, AnyEventObject>(({ receive, emit }) => {
  receive(({ event }) => {
    emit(event as AnyEventObject);
  });
});

export function say(source: AnyActor, ...events: AnyEventObject[]): void {
  for (const event of events) tell(source, { type: 'say', event });
}

/** A machine that notes the `n` of each `inbox` while it is `reading`. `toggle` switches it to `busy` and back. */
export function toggling(initial: 'reading' | 'busy', got: number[]): AnyActorLogic {
  return setup({ types: {} as { events: AnyEventObject } }).createMachine({
    initial,
    on: {
      crash: {
        actions: () => {
          throw new Error('under test');
        },
      },
    },
    states: {
      reading: {
        on: { inbox: { actions: ({ event }) => got.push(event['n'] as number) }, toggle: { target: 'busy' } },
      },
      busy: { on: { toggle: { target: 'reading' } } },
    },
  });
}

/** A machine that notes the `n` of each `inbox`, and is busy after each one until `toggle`. */
export function oneByOne(got: number[]): AnyActorLogic {
  return setup({ types: {} as { events: AnyEventObject } }).createMachine({
    initial: 'reading',
    states: {
      reading: { on: { inbox: { target: 'busy', actions: ({ event }) => got.push(event['n'] as number) } } },
      busy: { on: { toggle: { target: 'reading' } } },
    },
  });
}

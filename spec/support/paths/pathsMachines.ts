import { assign, createActor, setup, type Actor, type ActorOptions, type AnyEventObject } from 'xstate';
import type { ModelPath } from '../../../server/testing/paths/modelPath';
import type { ModelPaths, ModelPathsOptions } from '../../../server/testing/paths/modelPaths';
import { atEnd } from '../fixtures';

/** A door that locks itself. The right code opens the lock, whole or in pieces. */
export const door = setup({
  types: {} as { events: AnyEventObject },
  guards: {
    isRight: ({ event }) => event['code'] === 7,
    isPiece: ({ event }) => event['code'] === undefined,
  },
}).createMachine({
  id: 'door',
  initial: 'starting',
  states: {
    starting: { always: 'locked' },
    locked: {
      on: {
        code: [{ guard: 'isPiece' }, { guard: 'isRight', target: 'shut' }, { target: 'jammed' }],
        knock: { actions: () => undefined },
      },
    },
    shut: { on: { push: 'open' }, after: { 1000: 'locked' } },
    open: { on: { blown: 'shut' } },
    jammed: { type: 'final' },
  },
});

/** A machine that counts. An `add` without a count takes a transition of its own. */
export const counter = setup({
  types: {} as { context: { count: number }; events: AnyEventObject },
  guards: {
    isSome: ({ event }) => Number(event['count']) > 0,
    isTwo: ({ context }) => context.count === 2,
  },
  actions: { add: assign({ count: ({ context, event }) => context.count + Number(event['count']) }) },
}).createMachine({
  id: 'counter',
  context: { count: 0 },
  on: {
    add: [{ guard: 'isSome', actions: 'add' }, { actions: 'add' }],
    finish: { guard: 'isTwo', actions: () => undefined },
  },
});

/** A machine with a history state: it goes on where it was. */
export const remembering = setup({ types: {} as { events: AnyEventObject } }).createMachine({
  id: 'remembering',
  initial: 'on',
  states: {
    on: {
      initial: 'one',
      on: { off: 'off' },
      states: { one: { on: { next: 'two' } }, two: {}, last: { type: 'history' } },
    },
    off: { on: { on: 'on.last' } },
  },
});

/** The right code, and a wrong one. */
export const codes: ModelPathsOptions<typeof door> = {
  events: [
    { type: 'code', code: 7 },
    { type: 'code', code: 6 },
  ],
};

/** A {@link door} that is stopped after the spec. */
export function makeDoor(options: ActorOptions<typeof door> = {}): Actor<typeof door> {
  const actor = createActor(door, options);
  atEnd(() => actor.stop());
  return actor;
}

/** The path whose goal or last step is a transition. */
export function pathTo({ paths }: ModelPaths, goal: string): ModelPath {
  const path = paths.find((each) => each.goal === goal || each.steps.at(-1)?.transitions.includes(goal));
  if (path === undefined) throw new Error(`No path to ${goal}`);
  return path;
}

/** Waits until everything that happens at once has happened. */
export { turn as settled } from '../serving';

/** The message of the error that a run fails with. */
export async function failure(run: Promise<void>): Promise<string> {
  try {
    await run;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('It did not fail');
}

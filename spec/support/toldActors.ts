import { assign, fromCallback, sendParent, type AnyActorLogic, type AnyEventObject } from 'xstate';
import { chart, type Context } from './xstate/differential';
import type { Trace } from './trace';

/** An actor that traces each event that it gets, and answers it. */
export const answering = ({ say }: Trace, name: string): AnyActorLogic =>
  fromCallback<AnyEventObject>(({ receive, sendBack, input }) => {
    say(`${name} starts`, input);
    receive((event) => {
      say(`${name} gets`, event);
      if (event.type === 'fail') throw new Error(`of ${name}`);
      sendBack({ type: `${name} answers`, event });
    });
    return () => {
      say(`${name} stops`);
    };
  });

/** A machine that ends, fails, counts or answers on request. */
export const obedient = ({ noting }: Trace, name: string): AnyActorLogic =>
  chart({
    context: { n: 0 },
    entry: noting(`+${name}`),
    exit: noting(`-${name}`),
    output: ({ context }: { context: Context }) => ({ of: name, n: context.n }),
    initial: 'on',
    states: {
      on: {
        on: {
          count: { actions: assign({ n: ({ context }) => (context as Context).n + 1 }) },
          end: 'off',
          fail: {
            actions: () => {
              throw new Error(`of ${name}`);
            },
          },
          answer: { actions: sendParent({ type: 'answer', of: name }) },
        },
      },
      off: { type: 'final' },
    },
  } as never);

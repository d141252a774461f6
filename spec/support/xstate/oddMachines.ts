import { and, assign, createMachine, fromPromise, not, stateIn, type AnyStateMachine } from 'xstate';

/** Names with a meaning in HTML, XML, mermaid or JavaScript, and names that can't be shown at all. */
export const hostileNames: readonly string[] = [
  '<script>alert(1)</script>',
  `"double" & 'single'`,
  'line\nbreak\ttab\r',
  '',
  'a:b;c#d%%e',
  '[*]',
  '-->',
  '{}',
  'end',
  'state',
  '1',
  'toString',
  'constructor',
  'with.dot',
  'état 日本語 👩‍👩‍👧',
  '\u0000\u001b[31m',
  '\ud800',
  '\u202Ereversed',
  'x'.repeat(5_000),
];

/** A machine with a state of each hostile name. Its event, guard, action and description have the same name. */
export const hostile: AnyStateMachine = createMachine({
  id: hostileNames[0],
  initial: hostileNames[0],
  states: Object.fromEntries(
    hostileNames.map((name, i) => [
      name,
      {
        id: `state${String(i)}`,
        description: name,
        entry: name,
        on: {
          [`on ${name}`]: { target: `#state${String((i + 1) % hostileNames.length)}`, guard: name, actions: name },
        },
      },
    ]),
  ),
} as never);

/** A machine with at least one of everything that a chart can have. */
export const odd: AnyStateMachine = createMachine(
  {
    id: 'odd',
    type: 'parallel',
    states: {
      left: {
        tags: ['one', 'two'],
        initial: 'first',
        onDone: 'right',
        states: {
          first: {
            invoke: {
              src: fromPromise(() => new Promise(() => undefined)),
              onDone: 'last',
              onError: { actions: () => undefined },
            },
            on: { again: { target: 'first', reenter: true }, stay: { target: 'first' }, '*': { actions: assign({}) } },
            after: { 50: 'last', 'some.delay': { guard: not('isReady'), target: 'last' } },
          },
          last: { type: 'final', entry: 'sayGoodbye', exit: ['tidy', { type: 'sweep', params: { x: 1 } }] },
        },
      },
      right: {
        initial: 'inner',
        states: {
          inner: {
            always: { guard: and(['isReady', stateIn({ left: 'last' })]), target: 'deeper' },
            on: { out: '#odd', outer: { target: '#odd.right', reenter: true }, nothing: {} },
          },
          deeper: { initial: 'leaf', states: { leaf: { on: { back: '#odd.right.past' } } } },
          past: { type: 'history', history: 'deep', target: 'deeper.leaf' },
          recent: { type: 'history' },
        },
        on: { inwards: '.deeper.leaf', both: { target: ['#odd.left.last', '#odd.right.inner'] }, recall: '.recent' },
      },
    },
  } as never,
  { delays: { 'some.delay': 1_000 } } as never,
);

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { and, assign, createMachine, fromCallback, not, stateIn, type AnyStateMachine } from 'xstate';
import { connectionMachine } from '../../machines/connectionMachine';
import { serverCoreMachine } from '../../machines/serverCoreMachine';
import { singleServerMachine } from '../../machines/singleServerMachine';
import { tcpClientMachine } from '../../machines/tcpClientMachine';
import { tableDriven } from '../../actors/xstate/tableDriven';
import type { AnyTransition } from '../../server/diagram/edgeId';
import { definitionOf } from '../../server/inspect/hub/definition';
import { Definitions } from '../../server/inspect/hub/definitions';
import { aMachine, machineOf } from '../support/xstate/randomMachine';
import { Trace } from '../support/trace';

type Node = AnyStateMachine['root'];

/** All that a chart is drawn from, in order. */
const chartOf = (node: Node): unknown => ({
  ...{
    key: node.key,
    id: node.id,
    type: node.type,
    history: node.history,
    tags: node.tags,
    description: node.description,
  },
  initial: node.initial.target.map(({ id }) => id),
  invoke: node.invoke.map(({ id }) => id),
  entry: node.entry.length,
  exit: node.exit.length,
  transitions: [...node.transitions.entries(), ['always', node.always ?? []] as const].map(([event, transitions]) => [
    event,
    (transitions as AnyTransition[]).map(({ target, reenter, actions, guard, description }) => [
      target?.map((state) => (state as Node).id),
      reenter,
      actions.length,
      guard !== undefined,
      description,
    ]),
  ]),
  states: Object.values(node.states).map(chartOf as never),
});

const rebuilt = (machine: AnyStateMachine): AnyStateMachine =>
  createMachine(JSON.parse(definitionOf(machine)) as never) as unknown as AnyStateMachine;

const chart = (config: object): AnyStateMachine => createMachine(config as never) as unknown as AnyStateMachine;

describe('definitionOf', () => {
  it.each([serverCoreMachine, singleServerMachine, connectionMachine, tcpClientMachine])(
    'rebuilds our own charts, driven by tables or not',
    (machine) => {
      for (const one of [machine, tableDriven(machine as never)] as AnyStateMachine[]) {
        expect(chartOf(rebuilt(one).root)).toEqual(chartOf(machine.root as never));
      }
    },
  );

  it('rebuilds any chart', () => {
    fc.assert(
      fc.property(aMachine, (plan) => {
        const machine = machineOf(plan, new Trace());
        expect(chartOf(rebuilt(machine).root)).toEqual(chartOf(machine.root));
      }),
      { numRuns: 100 },
    );
  });

  it.each<[string, object]>([
    [
      'history',
      {
        initial: 'a',
        states: { a: { initial: 'x', states: { x: {}, h: { type: 'history', history: 'deep', target: 'x' } } } },
      },
    ],
    ['parallel states', { type: 'parallel', states: { b: {}, a: { initial: 'x', states: { x: {} } } } }],
    [
      'an event that is forbidden',
      { initial: 'a', on: { e: '.b' }, states: { a: { on: { e: undefined } }, b: { on: { e: {} } } } },
    ],
    [
      'several targets',
      {
        type: 'parallel',
        on: { e: ['.a.y', { target: ['.a.x', '.b.x'] }] },
        states: Object.fromEntries(['a', 'b'].map((id) => [id, { initial: 'x', states: { x: {}, y: {} } }])),
      },
    ],
    [
      'delays',
      { initial: 'a', states: { a: { after: { 10: 'b', soon: [{ target: 'b', guard: 'g' }, 'a'] } }, b: {} } },
    ],
    ['initial transitions', { initial: { target: 'a', actions: 'act' }, states: { a: {} } }],
    [
      'invocations',
      {
        invoke: [
          { src: 'one', onDone: { actions: 'a' }, onError: {}, onSnapshot: {} },
          { id: 'two', src: fromCallback(() => undefined) },
          { src: createMachine({}) },
        ],
      },
    ],
    [
      'descriptions and tags',
      {
        tags: 'one',
        description: 'text',
        initial: 'a',
        states: { a: { tags: ['two'], on: { e: { description: 'why', reenter: true } } } },
      },
    ],
    [
      'a done state',
      {
        initial: 'a',
        onDone: {},
        states: {
          a: { initial: 'x', onDone: [{ target: 'b' }], states: { x: { type: 'final' } } },
          b: { type: 'final' },
        },
      },
    ],
    ['routes', { initial: 'a', states: { a: {}, b: { id: 'b', route: { guard: 'g' } } } }],
    ['no states', {}],
  ])('rebuilds %s', (_, config) => {
    const machine = chart(config);
    expect(chartOf(rebuilt(machine).root)).toEqual(chartOf(machine.root));
  });

  it('names what is a function in the chart itself', () => {
    const machine = chart({
      id: 'machine',
      entry: [
        'named',
        assign({}),
        { type: 'typed', params: { n: 1 } },
        function inline() {
          return 1;
        },
        () => undefined,
      ],
      on: {
        e: [
          { guard: and(['one', not('two'), stateIn('x')]) },
          { guard: () => true },
          { guard: { type: 'typed', params: 1 } },
        ],
      },
      invoke: [{ src: 'named' }, { src: fromCallback(() => undefined) }],
    });
    expect(JSON.parse(definitionOf(machine))).toEqual({
      id: 'machine',
      entry: ['named', { type: 'xstate.assign' }, { type: 'typed' }, { type: 'inline' }, { type: 'inline' }],
      on: {
        e: [
          { guard: { type: 'one and not two and in x' } },
          { guard: { type: 'inline' } },
          { guard: { type: 'typed' } },
        ],
      },
      invoke: [{ src: 'named' }, { src: 'inline' }],
    });
  });

  it('tells nothing of context, input, output, params and meta', () => {
    const secret = 'S3CRET';
    const action = { type: 'act', params: { secret } };
    const transition = { actions: [action], guard: { type: 'g', params: { secret } }, meta: { secret } };
    const machine = chart({
      context: { secret },
      output: { secret },
      meta: { secret },
      entry: action,
      exit: [action],
      initial: { target: 'a', actions: action },
      on: { e: transition },
      invoke: { src: 'child', input: { secret }, onDone: transition, onError: [transition] },
      states: {
        a: { always: transition, after: { 1: transition }, invoke: { src: 'other', input: { secret } } },
        b: { type: 'final', output: { secret }, meta: { secret } },
      },
    });
    expect(definitionOf(machine)).not.toContain(secret);
  });
});

describe('Definitions', () => {
  it('gives each chart one, however often it was made', () => {
    const definitions = new Definitions();
    const make = (): AnyStateMachine => chart({ id: 'same', initial: 'a', states: { a: {} } });
    const first = definitions.of(make());
    expect(definitions.of(make())).toBe(first);
    expect(definitions.of(make().provide({}))).toBe(first);
    const other = definitions.of(chart({ id: 'other' }));
    expect(other?.id).not.toBe(first?.id);
    expect(definitions.machineOf(first?.id ?? 0)?.id).toBe('same');
    expect(definitions.machineOf(99)).toBeUndefined();
  });

  it('keeps no more than 1 000', () => {
    const definitions = new Definitions();
    for (let n = 1; n <= 1_000; n += 1) expect(definitions.of(chart({ id: String(n) }))?.id).toBe(n);
    expect(definitions.of(chart({ id: 'one more' }))).toBeUndefined();
    expect(definitions.of(chart({ id: '5' }))?.id).toBe(5);
  });

  it('has room for others once it has let go of all, and numbers on', () => {
    const definitions = new Definitions();
    const machine = chart({ id: 'known' });
    const [first] = [definitions.of(machine), definitions.of(chart({ id: 'other' }))];
    definitions.clear();
    expect(definitions.machineOf(first?.id ?? 0)).toBeUndefined();
    expect(definitions.of(machine)?.id).toBe(3);
    expect(definitions.machineOf(3)).toBe(machine);
  });
});

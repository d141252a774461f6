import { describe, expect, it } from '@jest/globals';
import {
  assign,
  createMachine,
  emit,
  fromCallback,
  fromTransition,
  sendTo,
  setup,
  spawnChild,
  type AnyActor,
  type AnyEventObject,
  type AnyStateMachine,
} from 'xstate';
import { edgeIdOf } from '../../server/diagram/edgeId';
import { Hub } from '../../server/inspect/hub/hub';
import type { InspectionRecord } from '../../server/inspect/records';
import { starting, tell } from '../support/actors';
import { emitted } from '../support/events';
import { connectClient, startServer } from '../support/fixtures';
import { child, halt, viewing } from '../support/inspect/onlooker';

const idle = fromCallback(() => undefined);

/** Has as many children as it is told, called by their number. */
const parent = createMachine({
  types: {} as { events: { type: 'spawn' | 'stop'; id: string } },
  id: 'parent',
  on: {
    spawn: { actions: spawnChild(idle as never, { id: ({ event }) => event.id }) },
    stop: { actions: ({ self, event }) => { halt(child(self, event.id)); } }, // prettier-ignore
  },
});

describe('An onlooker', () => {
  const { start } = starting();
  const { onlooker, hubOf } = viewing();
  const family = (count: number): AnyActor => {
    const root = start(parent);
    for (let n = 1; n <= count; n += 1) tell(root, { type: 'spawn', id: String(n) });
    return root;
  };
  const names = (
    records: readonly InspectionRecord[],
    one: { living: ReadonlyMap<number, { name: string }> },
  ): string[] =>
    records.flatMap((record) => (record.type === 'watched' ? [one.living.get(record.id)?.name ?? '?'] : []));

  describe('that chooses whom to watch', () => {
    it('is told what they are, and no more of the others than that they live', () => {
      const root = family(2);
      const one = onlooker(hubOf(root)).watch('1');
      expect(names(one.look(), one)).toEqual(['1']);
      tell(root, { type: 'spawn', id: '3' });
      expect(one.look().map(({ type }) => type)).toEqual(['born']);
    });

    it('is told nothing more of whom it no longer chooses, and what an actor is when it chooses it anew', () => {
      const root = family(1);
      const one = onlooker(hubOf(root)).watch('parent');
      one.look();
      one.watch('1');
      tell(root, { type: 'unknown' });
      expect(one.look().map(({ type }) => type)).toEqual(['watched']);
      one.watch('1', 'parent');
      expect(names(one.look(), one)).toEqual(['parent']);
    });

    it('may choose whom there is not', () => {
      const one = onlooker(hubOf(family(1)));
      one.look();
      one.subscription.watch([NaN, -1, 99, Infinity, 0.5, 2, 2], NaN);
      expect(names(one.look(), one)).toEqual(['1']);
    });

    it('watches 1 000 of them at most', () => {
      const one = onlooker(hubOf(family(1_100)));
      one.look();
      one.subscription.watch(one.living.keys(), 0);
      expect(names(one.look(), one)).toHaveLength(1_000);
    });

    it('may ask for an endless list', () => {
      const one = onlooker(hubOf(family(1_000)));
      one.look();
      function* count(): Generator<number> {
        for (let n = 1; ; n += 1) yield n;
      }
      one.subscription.watch(count(), 0);
      expect(names(one.look(), one)).toHaveLength(1_000);
    });
  });

  describe('that watches some of all', () => {
    it('watches the eldest, then newborns as places become free', () => {
      const root = family(3);
      const one = onlooker(hubOf(root));
      one.subscription.watch([], 3);
      expect(names(one.look(), one)).toEqual(['parent', '1', '2']);
      tell(root, { type: 'spawn', id: '4' });
      expect(names(one.look(), one)).toEqual([]);
      tell(root, { type: 'stop', id: '1' });
      one.look();
      tell(root, { type: 'spawn', id: '5' });
      tell(root, { type: 'spawn', id: '6' });
      expect(names(one.look(), one)).toEqual(['5']);
    });

    it('watches those beside the ones that it has chosen', () => {
      const one = onlooker(hubOf(family(4)));
      one.look();
      one.subscription.watch([2], 2);
      expect(names(one.look(), one).toSorted()).toEqual(['1', '2', 'parent']);
      one.subscription.watch([1, 2], 2);
      expect(names(one.look(), one)).toEqual(['3']);
    });

    it('keeps the eldest when it wants fewer', () => {
      const root = family(4);
      const one = onlooker(hubOf(root));
      one.subscription.watch([], 4);
      one.subscription.watch([], 1);
      one.look();
      tell(root, { type: 'x' });
      expect(one.all('event')).toHaveLength(1);
      one.subscription.watch([], 0);
      tell(root, { type: 'x' });
      expect(one.all('event')).toHaveLength(1);
    });

    it.each([NaN, -1, -Infinity])('watches nobody if it wants %p', (auto) => {
      const root = family(2);
      const one = onlooker(hubOf(root));
      one.subscription.watch([], 3);
      one.look();
      one.subscription.watch([], auto);
      tell(root, { type: 'spawn', id: '3' });
      expect(one.look().map(({ type }) => type)).toEqual(['born']);
    });
  });

  describe('of a machine', () => {
    const machine = setup({
      types: {} as { events: { type: string } },
      guards: { never: () => false },
    }).createMachine({
      id: 'machine',
      initial: 'a',
      on: { stay: {}, count: { actions: assign({}) } },
      states: {
        a: { on: { go: [{ guard: 'never', target: 'c' }, { target: 'b' }], raise: { actions: ({ self }) => { self.send({ type: 'go' }); } } } }, // prettier-ignore
        b: { always: 'c' },
        c: {
          type: 'parallel',
          states: {
            left: { initial: 'x', states: { x: { on: { both: 'y' } }, y: {}, was: { type: 'history' } } },
            right: { initial: 'x', states: { x: { on: { both: 'y' } }, y: {} } },
          },
          on: { back: 'a', end: 'd' },
        },
        d: { type: 'final' },
      },
    });

    const taken = (logic: AnyStateMachine, ...events: string[]): unknown[] => {
      const root = start(logic);
      const one = onlooker(hubOf(root));
      one.subscription.watch([], 1);
      for (const type of events) tell(root, { type });
      return one.all('snapshot').map(({ event, value, edges, status }) => [event, value, edges, status]);
    };

    it('is told each state, the event and the transitions that led there', () => {
      const inC = { c: { left: 'x', right: 'x' } };
      expect(taken(machine, 'unknown', 'go', 'stay', 'both', 'both', 'end')).toEqual([
        ['go', inC, ['a|go|1', 'b||0'], 'active'],
        ['stay', inC, ['|stay|0'], 'active'],
        ['both', { c: { left: 'y', right: 'y' } }, ['c.left.x|both|0', 'c.right.x|both|0'], 'active'],
        ['end', 'd', ['c|end|0'], 'done'],
      ]);
    });

    it('is told transitions that the machine has, of ours as of others', async () => {
      const { server, port } = await startServer();
      const one = onlooker(hubOf(server.actor));
      one.subscription.watch([], 100);
      const opened = emitted(server, 'connection.opened');
      const client = await connectClient(port);
      await opened;
      await client.send('x');
      await client.receive(1);
      const closed = emitted(server, 'connection.closed');
      client.end();
      await closed;
      await server.shutdown();
      const hub = new Map<number, Set<string>>();
      const definitions = new Map(
        one.all('definition').map(({ id, config }) => [id, createMachine(JSON.parse(config) as never)]),
      );
      const edgesOf = (node: AnyStateMachine['root']): string[] => [
        ...[...node.transitions.values(), node.always ?? []].flat().map((transition) => edgeIdOf(transition as never)),
        ...Object.values(node.states).flatMap((state) => edgesOf(state as never)),
      ];
      for (const { id, definition } of one.all('watched')) {
        const known = definition === undefined ? undefined : definitions.get(definition);
        if (known !== undefined) hub.set(id, new Set(edgesOf(known.root as never)));
      }
      const edges = one.all('snapshot').flatMap(({ id, edges: all = [] }) => all.map((edge) => [id, edge] as const));
      expect(edges.length).toBeGreaterThan(5);
      for (const [id, edge] of edges) expect([edge, hub.get(id)?.has(edge)]).toEqual([edge, true]);
    });

    it('is told no context, unless it may be', () => {
      const counting = createMachine({
        context: { secret: 1 },
        on: {
          count: { actions: assign({ secret: ({ context }) => (context as { secret: number }).secret + 1 }) },
          other: {},
        },
      });
      const root = start(counting);
      const one = onlooker(hubOf(root));
      one.subscription.watch([], 1);
      tell(root, { type: 'count' });
      expect(JSON.stringify(one.look())).not.toContain('secret');
      const hub = new Hub({ context: true, redact: /nothing/ });
      hub.attach(root);
      const another = onlooker(hub);
      another.subscription.watch([], 1);
      expect(another.all('watched')[0]?.context).toEqual({ secret: 2 });
      for (const type of ['count', 'other', 'count']) tell(root, { type });
      expect(another.all('snapshot').map(({ context }) => context)).toEqual([{ secret: 3 }, undefined, { secret: 4 }]);
    });

    it('is told the state of a transition function as its context', () => {
      const root = start(fromTransition((n: number) => n + 1, 1));
      const hub = new Hub({ context: true });
      hub.attach(root);
      const one = onlooker(hub);
      one.subscription.watch([], 1);
      tell(root, { type: 'x' });
      expect(one.all('watched')[0]).toMatchObject({ context: 1 });
      expect(one.all('snapshot')[0]).toMatchObject({ context: 2, event: 'x' });
    });
  });

  describe('of events', () => {
    const chatty = createMachine({
      id: 'chatty',
      invoke: {
        id: 'child',
        src: fromCallback(({ receive, sendBack, emit: tellAll }) => {
          receive(({ type }) => { if (type === 'ask') { sendBack({ type: 'answer', secret: 'hidden' }); tellAll({ type: 'told', secret: 'hidden' }); } }); // prettier-ignore
        }),
      },
      on: {
        go: {
          actions: [
            sendTo('child', { type: 'ask', secret: 'hidden' } as AnyEventObject),
            emit({ type: 'gone', secret: 'hidden' }),
          ],
        },
      },
    });

    it('is told who sent what to whom, and what was emitted, once each', () => {
      const root = start(chatty);
      const hub = hubOf(root);
      const [both, child] = [onlooker(hub), onlooker(hub)];
      both.watch('chatty', 'child');
      child.watch('child');
      tell(root, { type: 'go', secret: 'hidden' });
      const said = ({ all }: { all: InspectionRecord[] }): unknown[] =>
        all.flatMap((record): unknown[] => {
          if (record.type === 'event') return [[record.source, record.target, record.event]];
          return record.type === 'emitted' ? [[record.source, record.event]] : [];
        });
      both.look();
      child.look();
      expect(said({ all: both.records })).toEqual([
        [undefined, 1, { type: 'go' }],
        [1, 2, { type: 'ask' }],
        [2, 1, { type: 'answer' }],
        [2, { type: 'told' }],
        [1, { type: 'gone' }],
      ]);
      expect(said({ all: child.records })).toEqual([
        [1, 2, { type: 'ask' }],
        [2, 1, { type: 'answer' }],
        [2, { type: 'told' }],
      ]);
    });

    it('is told what they carry if it may be, but secrets', () => {
      const hub = new Hub({ payloads: true });
      const root = start(chatty);
      hub.attach(root);
      const one = onlooker(hub).watch('chatty');
      tell(root, { type: 'go', secret: 'hidden', data: Buffer.from('ab') });
      expect(one.all('event')[0]?.event).toEqual({
        type: 'go',
        payload: { secret: { $redacted: true }, data: { $bytes: 2, first: '61 62' } },
      });
      expect(JSON.stringify(one.records)).not.toContain('hidden');
    });

    it('is told long names in part', () => {
      const root = start(chatty);
      const one = onlooker(hubOf(root)).watch('chatty');
      tell(root, { type: 'x'.repeat(100_000) });
      expect(one.all('event')[0]?.event.type).toHaveLength(201);
    });
  });
});

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  createMachine,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  sendTo,
  type AnyActor,
  type AnyActorLogic,
  type AnyEventObject,
} from 'xstate';
import { Hub } from '../../server/inspect/hub/hub';
import type { DiedRecord } from '../../server/inspect/records';
import { starting, tell } from '../support/actors';
import { crashes } from '../support/crashes';
import { connectClient, startServer } from '../support/fixtures';
import { turn } from '../support/serving';
import { Stream } from '../support/stream';
import { child, halt, statusOf, viewing } from '../support/inspect/onlooker';
import { emitted, eventually } from '../support/events';

const fail = (): never => {
  throw new TypeError('under test');
};

/** How children end: each logic with what has to be done to its actor. */
const endings: readonly [string, AnyActorLogic, (child: AnyActor) => unknown, DiedRecord['status']][] = [
  [
    'a machine in a final state',
    createMachine({ on: { x: '.b' }, initial: 'a', states: { a: {}, b: { type: 'final' } } }),
    x,
    'done',
  ],
  ['a promise that resolves', fromPromise(() => Promise.resolve(1)), turn, 'done'],
  [
    'an observable that completes',
    fromObservable(() =>
      at((stream) => {
        stream.complete();
      }),
    ),
    turn,
    'done',
  ],
  ['a machine that throws', createMachine({ on: { x: { actions: fail } } }), x, 'error'],
  ['a machine that throws at its start', createMachine({ entry: fail }), () => undefined, 'error'],
  ['a machine that throws later', createMachine({ after: { 1: { actions: fail } } }), turn, 'error'],
  ['a callback that throws at its start', fromCallback(fail), () => undefined, 'error'],
  [
    'a callback that throws',
    fromCallback(({ receive }) => {
      receive(fail);
    }),
    x,
    'error',
  ],
  ['a promise that throws', fromPromise(fail), turn, 'error'],
  ['a promise that rejects', fromPromise(() => Promise.reject(new TypeError('under test'))), turn, 'error'],
  [
    'an observable that fails',
    fromObservable(() =>
      at((stream) => {
        stream.fail();
      }),
    ),
    turn,
    'error',
  ],
  ['a transition function that throws', fromTransition(fail, {}), x, 'error'],
];

function x(child: AnyActor): void {
  tell(child, { type: 'x' });
}

/** An observable to which something happens in a moment. */
function at(act: (stream: { complete(): void; fail(): void }) => void): never {
  return {
    subscribe: (observer: { complete(): void; error(error: unknown): void }) => {
      queueMicrotask(() => {
        act({
          complete: () => {
            observer.complete();
          },
          fail: () => {
            observer.error(new TypeError('under test'));
          },
        });
      });
      return { unsubscribe: () => undefined };
    },
  } as never;
}

const stoppable: readonly [string, AnyActorLogic][] = [
  ['a machine', createMachine({})],
  ['a promise', fromPromise(() => new Promise(() => undefined))],
  ['a callback', fromCallback(() => undefined)],
  ['a callback whose end throws', fromCallback(() => fail)],
  ['an observable', fromObservable(() => new Stream() as never)],
  ['a transition function', fromTransition((state: object) => state, {})],
  ['a transition function that throws at the end', fromTransition(fail, {})],
];

/** Has the child in its first state, and nothing against its crash. */
const parentOf = (src: AnyActorLogic): AnyActorLogic =>
  createMachine({
    id: 'parent',
    initial: 'with',
    on: { 'xstate.error.actor.*': {} },
    states: { with: { invoke: { id: 'child', src }, on: { stop: 'without' } }, without: {} },
  });

describe('The death of an actor', () => {
  const { create, start } = starting();
  const { onlooker, hubOf } = viewing();

  beforeEach(() => {
    // XState warns of events to those that have ended
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  });

  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const childOf = (root: AnyActor): AnyActor => child(root, 'child');

  it.each(endings)('is told once of %s', async (_, logic, end, status) => {
    const root = start(parentOf(logic));
    const one = onlooker(hubOf(root));
    const isBorn = one.paths().includes('parent/child');
    end(childOf(root));
    await eventually(() => !isBorn || one.all('died').length > 0);
    expect(one.paths()).toEqual(['parent']);
    const died = { type: 'died', id: 2, status, ...(status === 'error' && { error: 'TypeError' }) };
    expect(one.all('died').map(({ at: _, ...rest }) => rest)).toEqual(isBorn ? [died] : []);
    tell(root, { type: 'stop' });
    expect(one.all('died')).toHaveLength(isBorn ? 1 : 0);
  });

  it.each(endings)('is told once of %s, to one who looked before its birth', async (_, logic, end, status) => {
    const root = create(parentOf(logic));
    const one = onlooker(hubOf(root));
    root.start();
    end(childOf(root));
    await eventually(() => !one.paths().includes('parent/child'));
    expect(one.all('born')).toHaveLength(2);
    expect(one.all('died').map((died) => died.status)).toEqual([status]);
  });

  it.each(stoppable)('is told once of %s that is stopped', (_, logic) => {
    const root = start(parentOf(logic));
    const one = onlooker(hubOf(root)).watch('child');
    tell(root, { type: 'stop' });
    expect(one.paths()).toEqual(['parent']);
    expect(one.all('died').map(({ status }) => status)).toEqual([expect.stringMatching(/^(stopped|error)$/)]);
  });

  it('is told of all when their root is stopped', () => {
    const root = start(parentOf(parentOf(fromCallback(() => undefined))));
    const one = onlooker(hubOf(root));
    expect(one.paths()).toHaveLength(3);
    root.stop();
    expect(one.all('died').map(({ status }) => status)).toEqual(['stopped', 'stopped', 'stopped']);
    expect(one.paths()).toEqual([]);
  });

  it.each([
    ['done', createMachine({ initial: 'over', states: { over: { type: 'final' } } })],
    ['error', createMachine({ context: fail })],
  ] as const)('is told, as its birth is, of an actor that is %s before its first event', (status, logic) => {
    const root = create(parentOf(logic));
    const one = onlooker(hubOf(root));
    root.start();
    const born = one.all('born').find(({ name }) => name === 'child');
    expect(one.all('died')).toContainEqual(expect.objectContaining({ id: born?.id, status }));
  });

  it('is told when an actor is stopped in the midst of its own event', () => {
    const child = fromCallback(({ receive, sendBack }) => {
      receive(() => {
        sendBack({ type: 'stop' });
        sendBack({ type: 'more' });
      });
    });
    const root = start(parentOf(child));
    const one = onlooker(hubOf(root)).watch('parent', 'child');
    x(childOf(root));
    expect(one.paths()).toEqual(['parent']);
    expect(one.all('died').map(({ status }) => status)).toEqual(['stopped']);
    expect(one.all('event').map(({ source, event }) => [source, event.type])).toEqual([
      [undefined, 'x'],
      [2, 'stop'],
      [2, 'more'],
    ]);
  });

  it('is told before the end of the spec for a root that throws, within the second', () => {
    jest.useFakeTimers({
      doNotFake: ['performance', 'setTimeout', 'queueMicrotask', 'nextTick', 'setImmediate', 'Date'],
    });
    const root = start(
      createMachine({
        id: 'root',
        invoke: { id: 'orphan', src: fromCallback(() => undefined) },
        on: { x: { actions: fail } },
      }),
    );
    const orphan = child(root, 'orphan');
    const one = onlooker(hubOf(root));
    one.look();
    x(root);
    expect(statusOf(root)).toBe('error');
    jest.advanceTimersByTime(1_000);
    expect(one.all('died')).toEqual([expect.objectContaining({ id: 1, status: 'error', error: 'TypeError' })]);
    expect(one.paths()).toEqual(['#1/orphan']);
    halt(orphan);
    jest.advanceTimersByTime(1_000);
    expect(one.paths()).toEqual([]);
    expect(one.all('died')).toHaveLength(2);
  });

  it('is not told of one that was never started, nor its birth', () => {
    const root = create(parentOf(fromCallback(() => undefined)));
    const one = onlooker(hubOf(root));
    one.subscription.watch([], 10);
    x(root);
    expect(one.look()).toEqual([]);
    root.stop();
    expect(one.look()).toEqual([]);
  });

  it('is told of a parent that ends because of its child, with what ended it', async () => {
    const root = start(
      createMachine({
        id: 'root',
        invoke: {
          id: 'parent',
          src: createMachine({ invoke: { id: 'child', src: fromPromise(() => Promise.reject(new RangeError('x'))) } }),
        },
        on: { 'xstate.error.actor.*': {} },
      }),
    );
    const one = onlooker(hubOf(root));
    await eventually(() => one.all('died').length === 2);
    expect(one.paths()).toEqual(['root']);
    expect(one.all('died').map(({ error }) => error)).toEqual(['RangeError', 'RangeError']);
  });

  it.each(crashes)('is told of a handler that fails in $where, with its connection', async ({ protocol }) => {
    const { server, port } = await startServer({ protocol: protocol(new Error('secret')) });
    const one = onlooker(hubOf(server.actor));
    one.subscription.watch([], 100);
    const closed = emitted(server, 'connection.closed');
    const client = await connectClient(port);
    client.socket.write('x');
    await closed;
    expect(one.paths()).toEqual(['serverCore', 'serverCore/connections', 'serverCore/listener']);
    expect(one.all('died').length).toBeGreaterThan(0);
    expect(JSON.stringify(one.records)).not.toContain('secret');
  });

  it('is told of a message in one line, if payloads are', () => {
    const errors: [unknown, string][] = [
      [new Error('two\nlines\r\n\u2028and more'), 'Error: two lines and more'],
      [{ code: 5 }, '{"code":5}'],
      ['text', '"text"'],
      [undefined, '{"$undefined":true}'],
    ];
    for (const [error, said] of errors) {
      const root = start(
        parentOf(
          fromCallback<AnyEventObject>(({ receive }) => {
            receive(() => {
              throw error as Error;
            });
          }),
        ),
      );
      const hub = new Hub({ payloads: true });
      hub.attach(root);
      const one = onlooker(hub);
      one.look();
      x(childOf(root));
      expect(one.all('died')[0]?.error).toBe(said);
    }
  });

  it('is told although its parent stops it while it tells of its end', () => {
    const child = createMachine({ on: { x: '.b' }, initial: 'a', states: { a: {}, b: { type: 'final' } } });
    const root = start(
      createMachine({
        id: 'root',
        initial: 'a',
        states: {
          a: {
            invoke: { id: 'child', src: child, onDone: 'b' },
            on: { x: { actions: sendTo('child', { type: 'x' }) } },
          },
          b: { type: 'final' },
        },
      }),
    );
    const one = onlooker(hubOf(root));
    one.look();
    x(root);
    expect(one.paths()).toEqual([]);
    expect(one.all('died').map(({ status }) => status)).toEqual(['done', 'done']);
  });
});

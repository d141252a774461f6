import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  assign,
  createMachine,
  emit,
  fromCallback,
  fromPromise,
  sendTo,
  type AnyActor,
  type AnyActorLogic,
  type AnyEventObject,
} from 'xstate';
import { Hub } from '../../server/inspect/hub/hub';
import type { HubOptions } from '../../server/inspect/hub/lens';
import { starting, tell } from '../support/actors';
import { emitted } from '../support/events';
import { connectClient, startServer } from '../support/fixtures';
import { heldBytes } from '../support/heap';
import { turn } from '../support/serving';
import { child, halt, statusOf, viewing, type Onlooker } from '../support/inspect/onlooker';

const secret = 'S3CRET';

const fail = (): never => {
  throw new Error(secret);
};

describe('By default, a hub', () => {
  const { start } = starting();
  const { onlooker, hubOf } = viewing();

  it('tells nothing of what passes through a system but types and names', async () => {
    const worker = createMachine({
      types: {} as { context: { value: unknown }; events: AnyEventObject },
      context: ({ input }) => ({ value: input }),
      invoke: [
        {
          src: fromPromise(({ input }) => Promise.resolve(input as unknown)),
          input: { secret },
          onDone: { actions: assign({ value: ({ event }) => event.output as unknown }) },
        },
        { src: fromPromise(() => Promise.reject(new Error(secret))), onError: {} },
      ],
      on: {
        go: {
          actions: [
            assign({ value: ({ event }) => event }),
            emit({ type: 'said', secret } as never),
            { type: 'act', params: { secret } },
            sendTo('callback', ({ event }) => event),
          ],
        },
        end: '.over',
        crash: { actions: fail },
      },
      output: { secret },
      initial: 'here',
      states: {
        here: { meta: { secret }, invoke: { id: 'callback', src: fromCallback(() => undefined), input: { secret } } },
        over: { type: 'final', output: secret },
      },
    });
    const root = start(
      createMachine({
        id: 'root',
        context: { secret },
        invoke: ['first', 'second', 'third'].map((id) => ({ id, src: worker, input: { secret } })),
        on: { '*': {}, 'xstate.error.actor.*': {} },
      }) as never,
    );
    const one = onlooker(hubOf(root));
    one.subscription.watch([], 100);
    const [first, second, third] = ['first', 'second', 'third'].map((id) => child(root, id)) as [
      AnyActor,
      AnyActor,
      AnyActor,
    ];
    for (const actor of [root, first, second, third]) tell(actor, { type: 'go', secret, data: Buffer.from(secret) });
    await turn();
    tell(first, { type: 'end', secret });
    tell(second, { type: 'crash', secret });
    // what crashed leaves it running
    halt(child(second, 'callback'));
    root.stop();
    expect(one.all('event').length).toBeGreaterThan(8);
    expect(one.all('emitted')).toHaveLength(3);
    expect(one.all('died').length).toBeGreaterThan(5);
    expect(JSON.stringify(one.records)).not.toContain(secret);
    expect(JSON.stringify(one.records)).not.toContain(
      Buffer.from(secret)
        .toString('hex', 0, 2)
        .replace(/..(?=.)/g, '$& '),
    );
  });

  it('tells nothing of what a client sends', async () => {
    const { server, port } = await startServer();
    const one = onlooker(hubOf(server.actor));
    one.subscription.watch([], 100);
    const client = await connectClient(port);
    await client.send(secret);
    expect(await client.receiveText(secret)).toBe(secret);
    const closed = emitted(server, 'connection.closed');
    client.end();
    await closed;
    expect(one.all('event').map(({ event }) => event)).toContainEqual({ type: 'inbox' });
    expect(one.all('emitted').map(({ event }) => event)).toContainEqual({ type: 'outbox' });
    expect(JSON.stringify(one.records)).not.toContain(secret);
  });
});

describe('Given values that can not be looked at, a hub', () => {
  const { start } = starting();
  const { onlooker } = viewing();

  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: ['Date', 'performance', 'nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'setTimeout'],
    });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const looking = (root: AnyActor, options: HubOptions = { context: true, payloads: true }): [Onlooker, Onlooker] => {
    const hub = new Hub(options);
    hub.attach(root);
    const both: [Onlooker, Onlooker] = [onlooker(hub), onlooker(hub)];
    both[0].subscription.watch([], 100);
    return both;
  };

  const heard: AnyEventObject[] = [];
  const listener = fromCallback<AnyEventObject, undefined, AnyEventObject>(({ receive, emit: say }) => {
    receive((event) => {
      heard.push(event);
      say(event);
    });
  });
  const hostile: [string, () => AnyEventObject][] = [
    ['a getter that throws', () => ({ type: 'x', get data() { return fail(); } })], // prettier-ignore
    ['a toJSON that throws', () => ({ type: 'x', toJSON: fail })],
    ['itself', () => { const event: AnyEventObject = { type: 'x' }; event['self'] = event; return event; }], // prettier-ignore
    ['a BigInt', () => ({ type: 'x', n: 1n })],
    [
      'a proxy',
      () => new Proxy({ type: 'x' }, { ownKeys: fail, getOwnPropertyDescriptor: fail, getPrototypeOf: fail }),
    ],
    ['a type that throws the second time', () => { let n = 0; return { get type() { n += 1; return n === 2 ? fail() : 'x'; } }; }], // prettier-ignore
    ['a type that is none', () => ({ type: { toString: fail, toJSON: fail } as never })],
    ['a number for a type', () => ({ type: 1n as never })],
  ];

  it.each(hostile)('hides from the actor what is wrong with an event that has %s', (_, make) => {
    for (const options of [{}, { payloads: true, context: true }]) {
      const root = start(listener);
      const [onlooker] = looking(root, options);
      onlooker.look();
      heard.length = 0;
      const event = make();
      tell(root, event);
      expect(heard.map((one) => one === event)).toEqual([true]);
      expect(statusOf(root)).toBe('active');
      expect(JSON.stringify(onlooker.look())).not.toContain(secret);
      tell(root, { type: 'y' });
      expect(onlooker.all('event').at(-1)?.event.type).toBe('y');
    }
  });

  /** An actor whose state of a moment is its own affair. */
  const poisoned = (name: string): AnyActorLogic =>
    ({
      getInitialSnapshot: () =>
        Object.defineProperty({ status: 'active', output: undefined, error: undefined }, name, {
          get: fail,
          enumerable: true,
        }),
      transition: (snapshot: object, { type }: { type: string }) =>
        type === 'xstate.stop' ? Object.defineProperty({ status: 'stopped' }, name, { get: fail }) : snapshot,
      getPersistedSnapshot: (snapshot: object) => snapshot,
    }) as never;

  // not children: XState itself looks at them
  it.each(['context', 'value', 'error', 'live'])(
    'tells who lives all the same when a snapshot throws for its %s',
    (name) => {
      const root = start(
        createMachine({
          id: 'root',
          initial: 'on',
          states: {
            on: {
              invoke: [
                { id: 'bad', src: poisoned(name) },
                { id: 'good', src: listener },
              ],
              on: { off: 'off' },
            },
            off: { on: { on: 'on' } },
          },
        }),
      );
      const both = looking(root);
      for (const one of both) expect(one.paths()).toEqual(['root', 'root/bad', 'root/good']);
      tell(child(root, 'bad'), { type: 'x' });
      tell(root, { type: 'off' });
      for (const one of both) expect(one.paths()).toEqual(['root']);
      tell(root, { type: 'on' });
      for (const one of both) expect(one.paths()).toEqual(['root', 'root/bad', 'root/good']);
      expect(statusOf(root)).toBe('active');
    },
  );

  it('goes on when an actor throws at being asked whether it has ended', () => {
    const root = start(
      createMachine({
        id: 'root',
        invoke: [
          { id: 'odd', src: listener },
          { id: 'good', src: listener },
        ],
      }),
    );
    const dying = start(createMachine({ id: 'dying', on: { crash: { actions: fail } } }));
    const hub = new Hub();
    hub.attach(root);
    hub.attach(dying);
    const one = onlooker(hub);
    one.look();
    const odd = child(root, 'odd');
    odd.getSnapshot = fail;
    tell(dying, { type: 'crash' });
    jest.advanceTimersByTime(1_000);
    Reflect.deleteProperty(odd, 'getSnapshot');
    expect(one.paths()).toEqual(['root', 'root/odd', 'root/good']);
  });

  it('keeps nothing of a long type but what it tells', () => {
    // not a machine, for which XState keeps the types that it has met
    const root = start(fromCallback(() => undefined));
    const [one] = looking(root);
    const before = heldBytes();
    for (let n = 0; n < 100; n += 1) {
      const sent = Buffer.alloc(1_000_000, n + 65).toString('latin1');
      tell(root, { type: sent });
      tell(root, { type: sent.slice(1, 40) });
    }
    expect(heldBytes() - before).toBeLessThan(20_000_000);
    expect(one.all('event')).toHaveLength(200);
  });

  it('tells names that are none by what they are', () => {
    const root = start(createMachine({ id: 'root', invoke: { id: 'x', src: listener } }));
    child(root, 'x').id = { toJSON: fail } as never;
    expect(looking(root)[0].paths()).toEqual(['root', 'root/object']);
  });
});

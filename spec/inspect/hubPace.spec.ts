import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  createActor,
  createMachine,
  fromCallback,
  type ActorLogic,
  type AnyActor,
  type AnyActorLogic,
  type Snapshot,
} from 'xstate';
import type { InspectionRecord } from '../../server/inspect/records';
import { starting, tell } from '../support/actors';
import { Child } from '../support/processes/child';
import { eventually } from '../support/events';
import { startServer } from '../support/fixtures';
import { Client } from '../support/client';
import { child, childrenOf, viewing } from '../support/inspect/onlooker';
import { inCi } from '../support/thoroughness';

/** How many events wait at most for an onlooker (see `mostEvents` in subscriber.ts). */
const mostEvents = 2_000;

const toggle = createMachine({
  id: 'toggle',
  initial: 'off',
  states: { off: { on: { x: 'on' } }, on: { on: { x: 'off' } } },
});

type Crowding = { readonly type: 'grow'; readonly by: number } | { readonly type: 'shrink' | 'x' };

type Crowded = Snapshot<undefined> & { readonly live: Map<string, { readonly actor: AnyActor }> };

/** Has children in numbers that are too many for a machine. */
const crowdOf = (logic: AnyActorLogic): AnyActorLogic =>
  ({
    getInitialSnapshot: (): Crowded => ({ status: 'active', output: undefined, error: undefined, live: new Map() }),
    transition: (snapshot: Crowded, event: Crowding | { type: 'xstate.stop' }, { self, stopChild }) => {
      const { live } = snapshot;
      if (event.type === 'grow') {
        for (let n = 0; n < event.by; n += 1) {
          const actor = createActor(logic, { parent: self as never }) as AnyActor;
          live.set(actor.sessionId, { actor });
          actor.start();
        }
      } else if (event.type !== 'x') {
        for (const { actor } of live.values()) stopChild(actor as never);
        live.clear();
      }
      return event.type === 'xstate.stop' ? { ...snapshot, status: 'stopped' } : snapshot;
    },
    getPersistedSnapshot: (snapshot: Crowded) => snapshot,
  }) as ActorLogic<Crowded, Crowding> as AnyActorLogic;

const crowd = crowdOf(fromCallback(() => undefined));

describe('An onlooker that takes slowly', () => {
  const { create, start } = starting();
  const { onlooker, hubOf } = viewing();

  it('misses events, and is told how many', () => {
    const root = start(toggle);
    const hub = hubOf(root);
    const [slow, fast] = [onlooker(hub).watch('toggle'), onlooker(hub).watch('toggle')];
    slow.look();
    for (let n = 0; n < 10_000; n += 1) {
      tell(root, { type: 'x' });
      if (n % 500 === 0) fast.look();
    }
    expect(fast.all('event')).toHaveLength(10_000);
    expect(fast.all('snapshot')).toHaveLength(10_000);
    expect(fast.all('dropped')).toEqual([]);
    const waiting = slow.look();
    expect(waiting.length).toBeLessThan(mostEvents + 10);
    const shown = slow.all('event').length;
    const dropped = slow.all('dropped').reduce((sum, { events }) => sum + events, 0);
    expect(shown + dropped).toBe(10_000);
    const snapshots = slow.all('snapshot');
    expect(snapshots.reduce((sum, { skipped = 0 }) => sum + 1 + skipped, 0)).toBe(10_000);
    expect(snapshots.at(-1)).toMatchObject({ value: 'off' });
  });

  it('knows the state of all that it watches in the end, whatever it misses', () => {
    const parent = createMachine({ invoke: ['a', 'b', 'c'].map((id) => ({ id, src: toggle })) });
    const tick = fc.record({ who: fc.nat(2), times: fc.nat(40), take: fc.nat(12), again: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(tick, { minLength: 100, maxLength: 150, size: 'max' }), (ticks) => {
        const root = create(parent as never).start();
        const children = childrenOf(root);
        const at = (who: number): AnyActor => child(root, 'abc'.charAt(who));
        const one = onlooker(hubOf(root));
        one.look();
        one.subscription.watch([2, 3, 4], 0);
        let sent = 0;
        for (const { who, times, take, again } of ticks) {
          for (let n = 0; n < times; n += 1) tell(at(who), { type: 'x' });
          sent += times;
          if (take > 0) one.look(take);
          // watched anew, it may have more to be told of the past
          if (again === 0) {
            one.subscription.watch([], 0);
            tell(at(who), { type: 'x' });
            one.subscription.watch([2, 3, 4], 0);
          }
        }
        expect(one.all('event').length + one.all('dropped').reduce((sum, { events }) => sum + events, 0)).toBe(sent);
        const values = new Map<number, unknown>();
        for (const record of one.records)
          if (record.type === 'watched' || record.type === 'snapshot') values.set(record.id, record.value);
        expect([...values.entries()].toSorted(([a], [b]) => a - b).map(([, value]) => value)).toEqual(
          children.map((child) => (child.getSnapshot() as { value: unknown }).value),
        );
        one.subscription.leave();
        root.stop();
      }),
      { numRuns: inCi(20, 5) },
    );
  });
});

describe('10 000 actors', () => {
  const { start } = starting();
  const { onlooker, hubOf } = viewing();

  it('are all told of, in parts, and so is the death of each', () => {
    const root = start(crowd);
    tell(root, { type: 'grow', by: 10_000 });
    const hub = hubOf(root);
    const [one, other] = [onlooker(hub), onlooker(hub)];
    other.subscription.watch([], 1_000);
    while (one.look(1_000).length > 0);
    expect(one.living.size).toBe(10_001);
    expect(other.sessions()).toHaveLength(10_001);
    tell(root, { type: 'shrink' });
    tell(root, { type: 'grow', by: 10 });
    for (const onlooker of [one, other]) {
      expect(onlooker.all('died')).toHaveLength(10_000);
      expect(onlooker.sessions()).toHaveLength(11);
    }
  });

  it('take up no more memory once nobody looks any more', async () => {
    // in a process of its own: what jest lets go of meanwhile is more than this
    const measuring = new Child(`
      const { createActor, fromCallback } = require('xstate');
      const { Hub } = require('./server/inspect/hub/hub.ts');
      const { heldBytes } = require('./spec/support/heap.ts');
      const live = new Map();
      const snapshot = { status: 'active', output: undefined, error: undefined, live };
      const same = (value) => value;
      const crowd = { getInitialSnapshot: () => snapshot, transition: same, getPersistedSnapshot: same };
      const root = createActor(crowd).start();
      for (let n = 0; n < 10_000; n += 1) {
        const actor = createActor(fromCallback(() => undefined), { parent: root }).start();
        live.set(actor.sessionId, { actor });
      }
      const hub = new Hub();
      hub.attach(root);
      const look = () => {
        const subscription = hub.join(() => undefined);
        subscription.watch([], 1_000);
        let count = 0;
        for (let taken = 1; taken > 0; count += taken) taken = subscription.take(1_000).length;
        return { subscription, count };
      };
      // what is made once, for good: compiled code too, which comes in the course of it
      for (let n = 0; n < 20; n += 1) look().subscription.leave();
      heldBytes();
      const before = heldBytes();
      const { subscription, count } = look();
      const during = heldBytes() - before;
      subscription.leave();
      // V8 drops compiled code and makes it anew, half a megabyte at times: so what each of several times leaves behind
      const times = 4;
      for (let n = 1; n < times; n += 1) look().subscription.leave();
      say({ count, during, after: (heldBytes() - before) / times });
    `);
    const { count, during, after } = (await measuring.hear()) as Readonly<Record<string, number>>;
    // each birth, and who is watched of them
    expect(count).toBe(10_001 + 1_000);
    expect(during).toBeGreaterThan(2 ** 20);
    expect(after).toBeLessThan(Number(during) / 10);
  });

  it('that come and go while an onlooker takes nothing cost it no more than a new beginning', () => {
    const root = start(crowd);
    const hub = hubOf(root);
    const sleepy = onlooker(hub);
    sleepy.subscription.watch([], 5);
    tell(root, { type: 'x' });
    for (let n = 0; n < 6; n += 1) {
      tell(root, { type: 'grow', by: 10_000 });
      tell(root, { type: 'shrink' });
    }
    tell(root, { type: 'grow', by: 3 });
    const records = sleepy.look();
    const types = records.map(({ type }) => type);
    expect(types).toEqual(['reset', 'born', 'watched', 'born', 'watched', 'born', 'watched', 'born', 'watched']);
    tell(root, { type: 'grow', by: 1 });
    expect(sleepy.sessions()).toHaveLength(5);
  });

  it('are defined again when the definition was lost with the rest', () => {
    const root = start(crowdOf(toggle));
    const hub = hubOf(root);
    const sleepy = onlooker(hub);
    sleepy.look();
    sleepy.subscription.watch([], 5);
    for (let n = 0; n < 6; n += 1) {
      tell(root, { type: 'grow', by: 10_000 });
      tell(root, { type: 'shrink' });
    }
    tell(root, { type: 'grow', by: 3 });
    // it would object to one that it doesn't know
    expect(
      sleepy.look().filter((record: InspectionRecord) => record.type === 'watched' && 'definition' in record),
    ).toHaveLength(3);
  });

  it('leave nothing in the hub when nobody looks any more', () => {
    const root = start(crowd);
    tell(root, { type: 'grow', by: 10_000 });
    const hub = hubOf(root);
    const kept = new WeakSet<object>();
    const one = onlooker(hub);
    one.subscription.watch([], 1_000);
    for (const record of one.look()) kept.add(record);
    one.subscription.leave();
    expect(one.look()).toEqual([]);
    const again = onlooker(hub);
    // numbered on, and made anew
    const born = again.all('born');
    expect(born).toHaveLength(10_001);
    expect(born[0]?.id).toBe(10_002);
    expect(born.some((record) => kept.has(record))).toBe(false);
  });

  it('are 500 real connections whose clients break off at once', async () => {
    const { server, port } = await startServer();
    const hub = hubOf(server.actor);
    const [one, slow] = [onlooker(hub), onlooker(hub)];
    slow.subscription.watch([], 1_000);
    const clients = await Promise.all(Array.from({ length: 500 }, () => Client.connect(port)));
    const isSocket = (path: string): boolean => path.endsWith('/socket');
    await eventually(() => one.paths().filter((path) => !isSocket(path)).length === 1_003);
    // the sockets of those that somebody watches, but no more
    const sockets = one.paths().filter(isSocket).length;
    expect(sockets).toBeGreaterThan(0);
    expect(sockets).toBeLessThanOrEqual(500);
    for (const client of clients) client.reset();
    await eventually(() => one.paths().length === 3);
    for (const onlooker of [one, slow]) {
      expect(onlooker.all('died')).toHaveLength(
        1_000 + onlooker.all('born').filter(({ kind }) => kind === 'part').length,
      );
      expect(onlooker.paths()).toEqual(['serverCore', 'serverCore/connections', 'serverCore/listener']);
    }
    await Promise.all(clients.map((client) => client.closed));
  });
});

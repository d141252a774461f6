import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createMachine, fromCallback, fromTransition, spawnChild, stopChild, type AnyActor } from 'xstate';
import { createServerCore, echo, link } from '../../server/index';
import { Hub } from '../../server/inspect/hub/hub';
import { say, speaker, starting, tell } from '../support/actors';
import { eventually } from '../support/events';
import { connectClient, startServer } from '../support/fixtures';
import { child, childrenOf, observed, statusOf, viewing } from '../support/inspect/onlooker';

/** Spawns and stops children by name. */
const parent = createMachine({
  types: {} as { events: { type: 'spawn' | 'stop'; id: string } },
  id: 'parent',
  on: {
    spawn: {
      actions: spawnChild(fromCallback(() => undefined) as never, { id: ({ event }) => event.id }),
    },
    stop: { actions: stopChild(({ event }) => event.id) },
  },
});

describe('Hub', () => {
  const { create, start } = starting();
  const { onlooker, hubOf } = viewing();
  const spawn = (actor: AnyActor, ...ids: string[]): void => {
    for (const id of ids) tell(actor, { type: 'spawn', id });
  };

  afterEach(() => {
    jest.useRealTimers();
  });

  it('says which options it knows, and refuses others', () => {
    expect(() => new Hub({ contexts: true } as never)).toThrow('contexts');
    expect(() => new Hub({ context: 1 as never })).toThrow('context');
    expect(() => new Hub({ redact: 'password' as never })).toThrow('redact');
    expect(new Hub({ context: true }).context).toBe(true);
    expect(new Hub().payloads).toBe(false);
  });

  describe('attached to a system', () => {
    it('tells what comes when it was attached before the start', () => {
      const root = create(parent);
      const one = onlooker(hubOf(root));
      expect(one.paths()).toEqual([]);
      root.start();
      spawn(root, 'a');
      expect(one.paths()).toEqual(['parent', 'parent/a']);
    });

    it('tells what lives when it was attached later, to whoever came before and after', () => {
      const root = start(parent);
      spawn(root, 'a', 'b');
      const hub = new Hub();
      const early = onlooker(hub);
      hub.attach(root);
      const late = onlooker(hub);
      tell(root, { type: 'stop', id: 'a' });
      spawn(root, 'c');
      for (const one of [early, late]) expect(one.paths()).toEqual(['parent', 'parent/b', 'parent/c']);
    });

    it('takes the whole system of whichever actor it is given', () => {
      const root = start(parent);
      spawn(root, 'a', 'b');
      expect(onlooker(hubOf(child(root, 'a'))).paths()).toEqual(['parent', 'parent/a', 'parent/b']);
    });

    it('may be attached in the middle of an event', () => {
      const hub = new Hub();
      const one = onlooker(hub);
      const child = fromCallback(({ sendBack }) => {
        sendBack({ type: 'hello' });
      });
      const machine = createMachine({
        id: 'root',
        initial: 'before',
        invoke: { id: 'old', src: child },
        states: {
          before: { on: { go: 'after' } },
          after: {
            entry: [
              spawnChild(child as never, { id: 'sooner' }),
              ({ self }: { self: AnyActor }) => {
                hub.attach(self);
              },
              spawnChild(child as never, { id: 'later' }),
            ] as never,
          },
        },
      });
      const root = start(machine as never);
      tell(root, { type: 'go' });
      expect(one.paths()).toEqual(['root', 'root/old', 'root/sooner', 'root/later']);
    });

    it('sees each thing once however often it is attached, until all of that is undone', () => {
      const root = start(parent);
      const isObserved = observed(root);
      const hub = new Hub();
      const attached = [hub.attach(root), hub.attach(root)];
      const one = onlooker(hub).watch('parent');
      expect(isObserved()).toBe(true);
      spawn(root, 'a');
      expect(one.all('event')).toHaveLength(1);
      expect(one.all('born')).toHaveLength(2);
      attached[0]?.unsubscribe();
      attached[0]?.unsubscribe();
      spawn(root, 'b');
      expect(one.paths()).toEqual(['parent', 'parent/a', 'parent/b']);
      attached[1]?.unsubscribe();
      expect(one.paths()).toEqual([]);
      expect(isObserved()).toBe(false);
    });
  });

  describe('attached to two systems', () => {
    it('tells both, and when one is taken away what is left', () => {
      const [first, second] = [start(parent), start(parent)];
      spawn(first, 'a');
      spawn(second, 'b');
      const hub = hubOf(first);
      const attachment = hub.attach(second);
      const one = onlooker(hub);
      one.subscription.watch([], 10);
      expect(one.paths()).toEqual(['parent', 'parent/a', 'parent', 'parent/b']);
      expect(one.all('definition')).toHaveLength(1);
      attachment.unsubscribe();
      const [reset, ...left] = one.look();
      expect(reset).toEqual({ type: 'reset' });
      expect(left.map(({ type }) => type)).toEqual(['born', 'definition', 'watched', 'born', 'watched']);
      expect(one.paths()).toEqual(['parent', 'parent/a']);
      spawn(second, 'c');
      expect(one.look()).toEqual([]);
    });

    it('tells what passes from one to the other', async () => {
      const [first, second] = [start(speaker), start(parent)];
      link(first, 'outbox', second, 'spawn');
      const one = onlooker(hubOf(first, second));
      one.subscription.watch([], 10);
      one.look();
      say(first, { type: 'outbox', id: 'a' });
      await eventually(() => one.paths().includes('parent/a'));
      expect(one.all('event').map(({ source, target, event }) => [source, target, event.type])).toEqual([
        [undefined, 1, 'say'],
        [1, 2, 'spawn'],
      ]);
    });

    it('leaves alone a system that it is not attached to, whatever it is told from here', async () => {
      const [first, second] = [start(speaker), start(parent)];
      link(first, 'outbox', second, 'spawn');
      const one = onlooker(hubOf(first));
      one.subscription.watch([], 10);
      say(first, { type: 'outbox', id: 'a' });
      await eventually(() => childrenOf(second).length === 1);
      expect(one.paths()).toHaveLength(1);
    });
  });

  describe('while nobody looks', () => {
    it('observes nothing, and knows nobody', () => {
      const root = start(parent);
      const isObserved = observed(root);
      const hub = hubOf(root);
      expect(isObserved()).toBe(false);
      const [one, another] = [onlooker(hub), onlooker(hub)];
      expect(isObserved()).toBe(true);
      one.watch('parent');
      one.subscription.leave();
      expect(isObserved()).toBe(true);
      another.subscription.leave();
      expect(isObserved()).toBe(false);
      spawn(root, 'a');
      expect(one.look()).toEqual([]);
      expect(onlooker(hub).paths()).toEqual(['parent', 'parent/a']);
    });

    it('lets go of the machines', () => {
      const hub = hubOf(start(parent));
      const one = onlooker(hub).watch('parent');
      expect(one.all('definition').map(({ id }) => hub.machineOf(id)?.id)).toEqual(['parent']);
      one.subscription.leave();
      expect(hub.machineOf(1)).toBeUndefined();
    });

    it('leaves nothing behind in the actors that were watched', () => {
      const root = start(parent);
      spawn(root, 'a');
      const listeners = (): number =>
        [root, child(root, 'a')]
          .map((actor) => (actor as unknown as { eventListeners: Map<string, Set<unknown>> }).eventListeners)
          .reduce((sum, kinds) => sum + [...kinds.values()].reduce((more, { size }) => more + size, 0), 0);
      const hub = hubOf(root);
      const [one, another] = [onlooker(hub), onlooker(hub)];
      for (const { subscription } of [one, another]) subscription.watch([], 10);
      expect(listeners()).toBe(2);
      one.subscription.leave();
      expect(listeners()).toBe(2);
      another.subscription.watch([], 1);
      expect(listeners()).toBe(1);
      another.subscription.leave();
      expect(listeners()).toBe(0);
    });

    it('has no timer', () => {
      jest.useFakeTimers();
      const hub = hubOf(start(parent));
      expect(jest.getTimerCount()).toBe(0);
      const { subscription } = onlooker(hub);
      expect(jest.getTimerCount()).toBe(1);
      subscription.leave();
      expect(jest.getTimerCount()).toBe(0);
    });
  });

  describe('when a root has ended', () => {
    it('lets it go, and sees the next', async () => {
      const hub = new Hub();
      const one = onlooker(hub);
      const first = await startServer();
      const isObserved = observed(first.server.actor);
      hub.attach(first.server.actor);
      expect(one.paths()).toContain('serverCore/listener');
      await first.server.shutdown();
      expect(one.paths()).toEqual([]);
      const second = createServerCore({ protocol: echo, port: first.port });
      hub.attach(second.actor);
      expect(isObserved()).toBe(false);
      await second.start();
      await connectClient(first.port);
      await eventually(() => one.paths().includes('serverCore/connections/connection:1/protocol'));
      await second.shutdown({ timeout: 0 });
      expect(one.paths()).toEqual([]);
      expect(one.all('born').length).toBe(one.all('died').length);
    });

    it('takes it when it has ended already, and undoing that harms nobody', () => {
      const [dead, root] = [create(parent), start(parent)];
      dead.start().stop();
      const hub = hubOf(root);
      const one = onlooker(hub);
      hub.attach(dead).unsubscribe();
      expect(one.paths()).toEqual(['parent']);
    });

    it('tells nothing anew when that is undone later', () => {
      const [first, second] = [start(parent), start(parent)];
      const hub = hubOf(first);
      const attachment = hub.attach(second);
      const one = onlooker(hub);
      expect(one.paths()).toEqual(['parent', 'parent']);
      second.stop();
      attachment.unsubscribe();
      expect(one.look().map(({ type }) => type)).toEqual(['died']);
    });

    it('sees one that starts again, as another one', () => {
      // a stopped one of this kind stays 'active', so that XState starts it again
      const root = start(fromTransition((state: object) => state, {}));
      const one = onlooker(hubOf(root));
      one.look();
      root.stop();
      expect(one.paths()).toEqual([]);
      root.start();
      expect(one.paths()).toEqual([root.id]);
      expect(one.all('born').map(({ id }) => id)).toEqual([1, 2]);
    });
  });

  describe('given an onlooker that is of no use', () => {
    it('keeps its faults from the actors', () => {
      const root = start(parent);
      const hub = hubOf(root);
      const subscription = hub.join(() => {
        throw new Error('under test');
      });
      subscription.watch([], 10);
      subscription.take(100);
      spawn(root, 'a', 'b');
      expect(childrenOf(root).map(({ id }) => id)).toEqual(['a', 'b']);
      expect(statusOf(root)).toBe('active');
      expect(subscription.take(100)).not.toEqual([]);
      subscription.leave();
    });

    it('lets it leave twice, and in the middle of an event', () => {
      const root = start(parent);
      const hub = hubOf(root);
      const one = onlooker(hub);
      one.look();
      const fickle = hub.join(() => {
        fickle.leave();
      });
      fickle.take(100);
      spawn(root, 'a');
      fickle.leave();
      expect(fickle.take(100)).toEqual([]);
      expect(one.paths()).toEqual(['parent', 'parent/a']);
    });
  });

  it('says that there is something once, until that was taken', () => {
    const root = start(parent);
    const one = onlooker(hubOf(root));
    spawn(root, 'a');
    // whoever lives is there from the beginning
    expect(one.calls).toBe(0);
    one.look(1);
    spawn(root, 'b');
    expect(one.calls).toBe(0);
    one.look();
    spawn(root, 'c', 'd');
    expect(one.calls).toBe(1);
    one.look();
    one.look();
    spawn(root, 'e');
    expect(one.calls).toBe(2);
  });

  it('tells each actor with its parent, name, kind and session', () => {
    const machine = createMachine({
      id: 'root',
      invoke: { id: 'child', src: fromCallback(() => undefined) },
    });
    const root = start(createMachine({ id: 'outer', invoke: { id: 'inner', src: machine } }));
    const one = onlooker(hubOf(root));
    expect(one.look()).toEqual([
      {
        ...{ type: 'born', at: expect.any(Number), id: 1, name: 'outer', kind: 'machine', session: root.sessionId },
        earlier: true,
      },
      expect.objectContaining({ id: 2, parent: 1, name: 'inner', kind: 'machine' }),
      expect.objectContaining({ id: 3, parent: 2, name: 'child', kind: 'other' }),
    ]);
    expect(Math.abs((one.all('born')[0]?.at ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('tells who lived before anybody looked from who came later, whoever looks when', () => {
    const machine = createMachine({
      on: {
        more: {
          actions: spawnChild(
            fromCallback(() => undefined),
            { id: 'late' },
          ),
        },
      },
    });
    const root = start(machine);
    const hub = hubOf(root);
    const first = onlooker(hub);
    root.send({ type: 'more' });
    for (const one of [first, onlooker(hub)]) {
      one.look();
      expect(one.all('born').map(({ earlier }) => earlier)).toEqual([true, undefined]);
    }
  });
});

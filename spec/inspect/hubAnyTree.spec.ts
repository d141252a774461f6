import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import {
  createActor,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  type AnyActor,
  type AnyActorLogic,
  type AnyActorRef,
} from 'xstate';
import { pipeline } from '../../server/index';
import { Hub } from '../../server/inspect/hub/hub';
import { tell } from '../support/actors';
import { turn } from '../support/serving';
import { census, halt, Onlooker } from '../support/inspect/onlooker';

const fail = (): never => {
  throw new Error('under test');
};

/** What is done to the one of all that live whose number this is. */
interface Step {
  readonly who: number;
  readonly what: 'spawn' | 'stop' | 'crash' | 'end' | 'chat' | 'pass' | 'join' | 'leave' | 'watch' | 'take';
  readonly kind: number;
}

const step = fc.record<Step>({
  who: fc.nat(999),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant('spawn' as const) },
    { weight: 5, arbitrary: fc.constantFrom('stop' as const, 'crash' as const, 'end' as const, 'chat' as const) },
    { weight: 3, arbitrary: fc.constantFrom('join' as const, 'leave' as const, 'watch' as const, 'take' as const) },
    { weight: 1, arbitrary: fc.constant('pass' as const) },
  ),
  kind: fc.nat(999),
});

/** Spawns children of all kinds; one that is tolerant outlives their crashes. */
const parent = (isTolerant: boolean): AnyActorLogic =>
  createMachine({
    types: {} as { events: { type: string; kind: number } },
    id: 'root',
    initial: 'alive',
    on: {
      ...(isTolerant && { 'xstate.error.actor.*': {} }),
      crash: { actions: fail },
      end: '.over',
      chat: { actions: emit({ type: 'said' }) },
      spawn: {
        actions: enqueueActions(({ enqueue, event }) => {
          const logic = kinds[event.kind % kinds.length]?.() as never;
          enqueue.spawnChild(logic);
        }),
      },
      stop: {
        actions: enqueueActions(({ enqueue, event, self }) => {
          const children = Object.values(self.getSnapshot().children as Record<string, AnyActor>);
          const child = children[event.kind % children.length];
          if (child !== undefined) enqueue.stopChild(child);
        }),
      },
    },
    states: { alive: {}, over: { type: 'final' } },
  }) as never;

const soon = (act: (observer: { next(value: unknown): void; error(error: unknown): void; complete(): void }) => void) =>
  fromObservable(
    () =>
      ({
        subscribe: (observer: never) => {
          queueMicrotask(() => {
            act(observer);
          });
          return { unsubscribe: () => undefined };
        },
      }) as never,
  );

const obeying = fromCallback<{ type: string }, undefined, { type: string }>(({ receive, emit: say, sendBack }) => {
  receive(({ type }) => {
    if (type === 'crash') fail();
    say({ type: 'said' });
    sendBack({ type: 'chat' });
  });
});

const kinds: readonly (() => AnyActorLogic)[] = [
  () => parent(true),
  () => parent(true),
  () => parent(false),
  () => obeying,
  () => pipeline(obeying, parent(true), obeying),
  () => fromTransition((state: number, { type }) => (type === 'crash' ? fail() : state + 1), 0),
  () => fromPromise(() => new Promise(() => undefined)),
  () => fromPromise(() => Promise.resolve(1)),
  () => fromPromise(() => Promise.reject(new Error('under test'))),
  () => soon((observer) => { observer.next(1); }), // prettier-ignore
  () => soon((observer) => { observer.complete(); }), // prettier-ignore
  () => soon((observer) => { observer.error(1); }), // prettier-ignore
  () => createMachine({ entry: fail }) as never,
  () => createMachine({ type: 'final' } as never) as never,
  () => fromCallback(fail),
];

describe('Any tree of actors, whatever happens in it', () => {
  beforeEach(() => {
    // of events to those that have ended
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    jest.useFakeTimers({
      doNotFake: ['Date', 'performance', 'nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'setTimeout'],
    });
  });

  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  /** Plays a script on a new system; says how many were born, died and seen in all. */
  async function play(steps: readonly Step[]): Promise<{ born: number; died: number }> {
    const root = createActor(parent(true));
    root.subscribe({ error: () => undefined });
    const living = census(root);
    const seen = new Set<AnyActorRef>();
    root.start();
    const hub = new Hub({ context: true, payloads: true });
    const attachment = hub.attach(root);
    // so that there is always somebody who has seen all from the beginning
    const first = new Onlooker(hub);
    const others: Onlooker[] = [];
    const one = (n: number): Onlooker | undefined => others[n % others.length];
    for (const { who, what, kind } of steps) {
      const actors = living();
      for (const actor of actors) seen.add(actor);
      const actor = actors[who % actors.length] as AnyActor | undefined;
      if (what === 'join') others.push(new Onlooker(hub));
      else if (what === 'leave')
        others.splice(kind % 5, 1).forEach(({ subscription }) => { subscription.leave(); }); // prettier-ignore
      else if (what === 'watch') one(who)?.subscription.watch([...Array(kind % 30).keys()], kind % 7);
      else if (what === 'take') one(who)?.look(1 + (kind % 10));
      else if (what === 'pass') await turn();
      else if (actor !== undefined && (actor !== root || !['crash', 'end'].includes(what)))
        tell(actor, { type: what, kind });
    }
    await turn();
    jest.advanceTimersByTime(1_000);
    const alive = living()
      .map(({ sessionId }) => sessionId)
      .toSorted();
    others.push(new Onlooker(hub));
    for (const onlooker of [first, ...others]) {
      expect(onlooker.sessions()).toEqual(alive);
      // it objects itself to one that is born twice, or dies twice, or does anything before or after
      expect(onlooker.all('born').length - onlooker.all('died').length).toBe(alive.length);
    }
    const counts = { born: first.all('born').length, died: first.all('died').length };
    root.stop();
    jest.advanceTimersByTime(1_000);
    for (const orphan of living()) halt(orphan);
    jest.advanceTimersByTime(1_000);
    expect(first.sessions()).toEqual([]);
    attachment.unsubscribe();
    for (const { subscription } of [first, ...others]) subscription.leave();
    return counts;
  }

  it('is what every onlooker believes it to be', async () => {
    let [born, died] = [0, 0];
    const run = fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const counts = await play(steps);
      born += counts.born;
      died += counts.died;
    });
    await fc.assert(run, { numRuns: 200 });
    // so that it is not only because nothing happens
    expect(born).toBeGreaterThan(1_000);
    expect(died).toBeGreaterThan(300);
  }, 60_000);
});

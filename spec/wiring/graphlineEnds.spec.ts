import { afterEach, describe, expect, it } from '@jest/globals';
import {
  createActor,
  fromCallback,
  fromPromise,
  setup,
  type AnyActor,
  type AnyActorLogic,
  type AnyEventObject,
  type EventObject,
} from 'xstate';
import { graphline, setupProtocol, type GraphlineOptions } from '../../server/index';
import { handler } from '../../server/testing/index';
import { tell } from '../support/actors';
import { collect } from '../support/events';
import { turn } from '../support/serving';

type HeardEvent = [name: string, event: AnyEventObject];

describe("A graphline's end", () => {
  let actor: AnyActor | undefined;
  let heard: HeardEvent[] = [];
  let stopped: string[] = [];
  let error: unknown;

  /** A component that records its events, and passes each `inbox` on. */
  const node = (name: string): AnyActorLogic =>
    fromCallback<EventObject, undefined, AnyEventObject>(({ receive, emit }) => {
      receive((event) => {
        heard.push([name, event]);
        if (event.type === 'inbox') emit({ ...event, type: 'outbox', by: name });
      });
      return () => void stopped.push(name);
    });

  const ending = (): AnyActorLogic =>
    setup({ types: {} as { events: EventObject } }).createMachine({
      initial: 'running',
      states: { running: { on: { 'control.stop': 'done' } }, done: { type: 'final' } },
    });

  const start = <Name extends string>(options: GraphlineOptions<Name>): [AnyActor, AnyEventObject[]] => {
    heard = [];
    stopped = [];
    error = undefined;
    actor = createActor(graphline(options)) as unknown as AnyActor;
    actor.subscribe({ error: (thrown) => (error = thrown) });
    const emitted = collect<AnyEventObject>(actor);
    actor.start();
    return [actor, emitted];
  };

  afterEach(() => {
    actor?.stop();
  });

  describe('as an actor', () => {
    it('comes when all its components have ended, and not before', async () => {
      const [graph] = start({
        components: { a: ending(), b: ending() },
        linkages: [
          ['self', 'one', 'a', 'control'],
          ['self', 'two', 'b', 'control'],
        ],
      });
      tell(graph, { type: 'one.stop' });
      await turn();
      expect(graph.getSnapshot()).toMatchObject({ status: 'active' });
      tell(graph, { type: 'two.stop' });
      await turn();
      expect(graph.getSnapshot()).toMatchObject({ status: 'done', output: undefined });
    });

    it('comes at once when all have ended at their start', () => {
      const final = setup({}).createMachine({ initial: 'done', states: { done: { type: 'final' } } });
      const [graph] = start({ components: { a: final, b: final }, linkages: [] });
      expect(graph.getSnapshot()).toMatchObject({ status: 'done' });
    });

    it('is a failure when one fails, with its error; the others are stopped', async () => {
      const thrown = new Error('under test');
      const [graph] = start({
        components: { a: node('a'), broken: fromPromise(() => Promise.reject(thrown)), b: node('b'), c: ending() },
        linkages: [],
      });
      await turn();
      expect(graph.getSnapshot()).toMatchObject({ status: 'error' });
      expect(error).toBe(thrown);
      expect(stopped.sort()).toEqual(['a', 'b']);
    });

    it('is a failure also when one fails at its start', () => {
      const thrown = new Error('under test');
      const broken = fromCallback(() => {
        throw thrown;
      });
      const [graph] = start({ components: { a: node('a'), broken, b: node('b') }, linkages: [] });
      expect(graph.getSnapshot()).toMatchObject({ status: 'error' });
      expect(error).toBe(thrown);
      expect(stopped.sort()).toEqual(['a', 'b']);
    });

    it('stops its components when it is stopped', () => {
      const [graph] = start({ components: { a: node('a'), b: node('b'), c: ending() }, linkages: [] });
      graph.stop();
      expect(graph.getSnapshot()).toMatchObject({ status: 'stopped' });
      expect(stopped.sort()).toEqual(['a', 'b']);
    });

    it('goes on without a component that has ended', async () => {
      const [graph, emitted] = start({
        components: { a: node('a'), b: ending() },
        linkages: [
          ['self', 'inbox', 'a', 'inbox'],
          ['self', 'inbox', 'b', 'control'],
          ['self', 'end', 'b', 'control'],
          ['a', 'outbox', 'self', 'outbox'],
        ],
      });
      tell(graph, { type: 'end.stop' });
      await turn();
      tell(graph, { type: 'inbox', n: 1 });
      expect(emitted).toEqual([{ type: 'outbox', n: 1, by: 'a' }]);
    });
  });

  describe('as a protocol', () => {
    it('is a handler with its own boxes', async () => {
      const polite = setupProtocol().createMachine({
        on: { inbox: { actions: 'reply' }, 'control.serverShutdown': { actions: 'finish' } },
      });
      const graph = graphline({
        components: { polite, log: node('log') },
        linkages: [
          ['self', 'inbox', 'polite', 'inbox'],
          ['self', 'inbox', 'log', 'record'],
          ['self', 'control', 'polite', 'control'],
          ['polite', 'outbox', 'self', 'outbox'],
          ['polite', 'signal', 'self', 'signal'],
        ],
      });
      heard = [];
      await using h = await handler(graph);
      await h.inbox('hello');
      await h.outbox('hello');
      expect(heard).toEqual([['log', { type: 'record', data: Buffer.from('hello') }]]);
      await h.serverShutdown();
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: 5 });
      expect(h.scenario.leftovers()).toEqual([]);
    });

    it('ends its connection when all its components have ended', async () => {
      const once = setup({ types: {} as { events: EventObject } }).createMachine({
        initial: 'reading',
        states: { reading: { on: { inbox: 'done' } }, done: { type: 'final' } },
      });
      const graph = graphline({ components: { once }, linkages: [['self', 'inbox', 'once', 'inbox']] });
      await using h = await handler(graph);
      await h.inbox('x');
      await h.peer.isEnded();
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 1, bytesOut: 0 });
    });
  });
});

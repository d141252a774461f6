import { afterEach, describe, expect, it } from '@jest/globals';
import {
  createActor,
  fromCallback,
  type AnyActor,
  type AnyActorLogic,
  type AnyEventObject,
  type EventObject,
} from 'xstate';
import { echo, graphline, ServerchartError, type GraphlineOptions } from '../../server/index';
import { tell } from '../support/actors';
import { collect } from '../support/events';
import { turn } from '../support/serving';

type HeardEvent = [name: string, event: AnyEventObject];

describe('graphline', () => {
  let actor: AnyActor | undefined;
  let heard: HeardEvent[] = [];

  /** A component that records its events, and emits the events `says` at its start. */
  const node = (name: string, ...says: AnyEventObject[]): AnyActorLogic =>
    fromCallback<EventObject, undefined, AnyEventObject>(({ receive, emit }) => {
      for (const event of says) emit(event);
      receive((event) => {
        heard.push([name, event]);
        if (event.type === 'inbox') emit({ ...event, type: 'outbox', by: name });
      });
    });

  const start = <Name extends string>(options: GraphlineOptions<Name>): [AnyActor, AnyEventObject[]] => {
    heard = [];
    actor = createActor(graphline(options)) as unknown as AnyActor;
    actor.subscribe({ error: () => undefined });
    const emitted = collect<AnyEventObject>(actor);
    actor.start();
    return [actor, emitted];
  };

  afterEach(() => {
    actor?.stop();
  });

  describe('given linkages', () => {
    it('leads from its own inbox, between its components, and out of its own outbox', () => {
      const [graph, emitted] = start({
        components: { a: node('a'), b: node('b') },
        linkages: [
          ['self', 'inbox', 'a', 'inbox'],
          ['a', 'outbox', 'b', 'inbox'],
          ['b', 'outbox', 'self', 'outbox'],
        ],
      });
      tell(graph, { type: 'inbox', n: 1 });
      expect(heard).toEqual([
        ['a', { type: 'inbox', n: 1 }],
        ['b', { type: 'inbox', n: 1, by: 'a' }],
      ]);
      expect(emitted).toEqual([{ type: 'outbox', n: 1, by: 'b' }]);
    });

    it('renames boxes, kind by kind', () => {
      const [graph, emitted] = start({
        components: { a: node('a', { type: 'signal.producerFinished', n: 1 }, { type: 'other' }) },
        linkages: [
          ['self', 'questions', 'a', 'inbox'],
          ['a', 'outbox', 'self', 'answers'],
          ['a', 'signal', 'self', 'news'],
        ],
      });
      tell(graph, { type: 'questions.urgent', n: 2 });
      tell(graph, { type: 'questions', n: 3 });
      expect(heard).toEqual([
        ['a', { type: 'inbox.urgent', n: 2 }],
        ['a', { type: 'inbox', n: 3 }],
      ]);
      expect(emitted).toEqual([
        { type: 'news.producerFinished', n: 1 },
        { type: 'answers', n: 3, by: 'a' },
      ]);
    });

    it('splits one box to many, and joins many in one', () => {
      const [graph, emitted] = start({
        components: { a: node('a'), b: node('b') },
        linkages: [
          ['self', 'inbox', 'a', 'inbox'],
          ['self', 'inbox', 'b', 'inbox'],
          ['a', 'outbox', 'self', 'outbox'],
          ['b', 'outbox', 'self', 'outbox'],
        ],
      });
      tell(graph, { type: 'inbox' });
      expect(emitted).toEqual([
        { type: 'outbox', by: 'a' },
        { type: 'outbox', by: 'b' },
      ]);
    });

    it('may go round in a cycle', async () => {
      const loop = fromCallback<EventObject, undefined, AnyEventObject>(({ receive, emit }) => {
        receive((event) => {
          heard.push(['loop', event]);
          const n = (event as AnyEventObject)['n'] as number;
          if (n < 5) emit({ type: 'outbox', n: n + 1 });
        });
      });
      const [graph] = start({
        components: { loop },
        linkages: [
          ['self', 'inbox', 'loop', 'inbox'],
          ['loop', 'outbox', 'loop', 'inbox'],
        ],
      });
      tell(graph, { type: 'inbox', n: 1 });
      await turn();
      expect(heard.map(([, event]) => event['n'] as number)).toEqual([1, 2, 3, 4, 5]);
    });

    it('leads straight through from self to self', () => {
      const [graph, emitted] = start<'a'>({
        components: { a: node('a') },
        linkages: [['self', 'inbox', 'self', 'outbox']],
      });
      tell(graph, { type: 'inbox', n: 1 });
      expect(emitted).toEqual([{ type: 'outbox', n: 1 }]);
    });

    it('drops what comes in a box that none leads on from', () => {
      const [graph, emitted] = start({ components: { a: node('a') }, linkages: [] });
      tell(graph, { type: 'inbox' });
      expect(heard).toEqual([]);
      expect(emitted).toEqual([]);
    });
  });

  describe('control', () => {
    it('goes to every component when no linkage leads on from it', async () => {
      const [graph] = start({ components: { a: node('a'), b: node('b') }, linkages: [] });
      tell(graph, { type: 'control.producerFinished', n: 1 });
      await turn();
      expect(heard).toEqual([
        ['a', { type: 'control.producerFinished', n: 1 }],
        ['b', { type: 'control.producerFinished', n: 1 }],
      ]);
    });

    it('goes where its linkage says, when one does', async () => {
      const [graph] = start<'a' | 'b'>({
        components: { a: node('a'), b: node('b') },
        linkages: [['self', 'control', 'b', 'orders']],
      });
      tell(graph, { type: 'control.producerFinished' });
      await turn();
      expect(heard).toEqual([['b', { type: 'orders.producerFinished' }]]);
    });
  });

  describe('given options that are wrong', () => {
    const thrownBy = (options: unknown): unknown => {
      try {
        graphline(options as GraphlineOptions<string>);
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    };

    it.each([
      ['from', ['b', 'outbox', 'a', 'inbox'], 'b'],
      ['to', ['a', 'outbox', 'c', 'inbox'], 'c'],
      ['from, with a name that every object has', ['toString', 'outbox', 'a', 'inbox'], 'toString'],
    ])('names the component that there is not, in %s', (_, linkage, name) => {
      const thrown = thrownBy({ components: { a: echo }, linkages: [linkage] });
      expect(thrown).toBeInstanceOf(ServerchartError);
      expect(thrown).toMatchObject({
        code: 'ERR_INVALID_LINKAGE',
        message: `A linkage names '${name}', but there are only self, a`,
      });
    });

    it('names the component that is not logic', () => {
      expect(thrownBy({ components: { a: echo, b: 'echo' }, linkages: [] })).toMatchObject({
        code: 'ERR_INVALID_COMPONENT',
        message: "The component 'b' is 'echo', not actor logic",
      });
    });

    it("refuses a component that is called 'self'", () => {
      expect(thrownBy({ components: { self: echo }, linkages: [] })).toMatchObject({ code: 'ERR_INVALID_COMPONENT' });
    });
  });
});

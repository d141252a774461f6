import { beforeEach, describe, expect, it } from '@jest/globals';
import { StatelyMessages, type StatelyMessage } from '../../server/inspect/page/statelyMessages';
import type { BornRecord, DefinitionRecord, InspectionRecord, WatchedRecord } from '../../server/inspect/records';

const at = 1_700_000_000_000.75;

const born = (id: number, name: string, parent?: number): BornRecord => ({
  type: 'born',
  at,
  id,
  name,
  kind: 'machine',
  session: 'x:0',
  ...(parent === undefined ? {} : { parent }),
});
const watched = (id: number, more: Partial<WatchedRecord> = {}): WatchedRecord => ({
  type: 'watched',
  at,
  id,
  status: 'active',
  ...more,
});
const definition: DefinitionRecord = {
  type: 'definition',
  id: 5,
  name: 'door',
  config: '{"id":"door","states":{"b":{},"a":{}}}',
};
const event = (target: number, source?: number): InspectionRecord => ({
  type: 'event',
  at,
  target,
  event: { type: 'inbox' },
  ...(source === undefined ? {} : { source }),
});
const died = (id: number, status: 'done' | 'stopped' | 'error' = 'stopped'): InspectionRecord => ({
  type: 'died',
  at,
  id,
  status,
});

let messages: StatelyMessages;

beforeEach(() => {
  messages = new StatelyMessages();
});

const tell = (...records: InspectionRecord[]): StatelyMessage[] =>
  records.flatMap((record) => [...messages.tell(record)]);

/** What a message is about, and whom. */
const gist = (list: readonly StatelyMessage[]): string[] =>
  list.map((message) => `${message.type} ${'name' in message ? message.name : message.sessionId}`);

const tree = [born(1, 'server'), born(2, 'connections', 1), born(3, 'connection:1', 2), born(4, 'connection:2', 2)];

describe('What the Stately Inspector is told', () => {
  it('is nothing of actors that are not watched', () => {
    expect(tell(...tree, event(3, 2), event(3), died(4))).toEqual([]);
    expect(messages.all()).toEqual([]);
    expect([messages.living, messages.shown]).toEqual([3, 0]);
  });

  it('is a machine with its definition, its state and its place', () => {
    const value = { open: 'flowing' };
    const messages = tell(
      born(1, 'server'),
      watched(1),
      born(3, 'connection:1', 1),
      definition,
      watched(3, { definition: 5, value }),
    );
    expect(messages[1]).toEqual({
      type: '@xstate.actor',
      name: 'connection:1',
      sessionId: '3',
      parentId: '1',
      rootId: '1',
      definition: definition.config,
      snapshot: { status: 'active', value, context: {}, children: {} },
      createdAt: '1700000000000',
      id: null,
      _version: '0.7.2',
    });
  });

  it('is any other actor by its name alone', () => {
    const [message] = tell(born(1, 'a "quoted" name'), watched(1));
    expect(message).toMatchObject({
      definition: '{"id":"a \\"quoted\\" name"}',
      rootId: '1',
      snapshot: { status: 'active', context: {}, children: {} },
    });
    expect(message).not.toHaveProperty('parentId');
    expect(message).not.toHaveProperty('snapshot.value');
  });

  it('is every ancestor before a descendant, though only that is watched', () => {
    expect(gist(tell(...tree, watched(4)))).toEqual([
      '@xstate.actor server',
      '@xstate.actor connections',
      '@xstate.actor connection:2',
    ]);
    expect(gist(tell(watched(3)))).toEqual(['@xstate.actor connection:1']);
    expect(gist(messages.all())).toEqual(
      ['server', 'connections', 'connection:1', 'connection:2'].map((name) => `@xstate.actor ${name}`),
    );
    expect(messages.shown).toBe(4);
  });

  it('is an ancestor once more when it is watched itself, now with its definition', () => {
    tell(...tree, watched(3), definition);
    const [message] = tell(watched(1, { definition: 5, value: 'a' }));
    expect(message).toMatchObject({ name: 'server', definition: definition.config, snapshot: { value: 'a' } });
    expect(messages.shown).toBe(3);
  });

  it('is an event, with its source when that is shown', () => {
    tell(...tree, watched(3));
    const [between, outside, fromHidden] = tell(event(3, 2), event(3), event(3, 4));
    expect(between).toEqual({
      type: '@xstate.event',
      event: { type: 'inbox' },
      sessionId: '3',
      sourceId: '2',
      rootId: '1',
      createdAt: '1700000000000',
      id: null,
      _version: '0.7.2',
    });
    expect(outside).not.toHaveProperty('sourceId');
    expect(fromHidden).not.toHaveProperty('sourceId');
    expect(tell(event(4, 3))).toEqual([]);
  });

  it.each([
    [
      { data: 'hello', type: 'forged' },
      { data: 'hello', type: 'inbox' },
    ],
    [['a', 'list'], { payload: ['a', 'list'], type: 'inbox' }],
    [null, { payload: null, type: 'inbox' }],
  ])('is the payload %j of an event as %j', (payload, expected) => {
    tell(born(1, 'server'), watched(1));
    const [message] = tell({ type: 'event', at, target: 1, event: { type: 'inbox', payload } });
    expect(message).toMatchObject({ event: expected });
  });

  it('is a snapshot with the event that led to it; a context stays until another is told', () => {
    tell(born(1, 'server'), watched(1, { value: 'a', context: { count: 1 } }));
    const [first, second] = tell(
      { type: 'snapshot', at, id: 1, status: 'active', value: 'b', event: 'go' },
      { type: 'snapshot', at, id: 1, status: 'done', value: 'c', event: 'end', context: { count: 2 } },
    );
    expect(first).toMatchObject({
      type: '@xstate.snapshot',
      event: { type: 'go' },
      snapshot: { status: 'active', value: 'b', context: { count: 1 }, children: {} },
    });
    expect(second).toMatchObject({ snapshot: { status: 'done', value: 'c', context: { count: 2 } } });
    expect(messages.all()).toEqual([expect.objectContaining({ snapshot: (second as { snapshot: unknown }).snapshot })]);
  });

  it('is the end of an actor, unless its last snapshot has told it', () => {
    tell(...tree, watched(3, { value: 'a' }), watched(4, { value: 'a' }));
    const [stopped, ...others] = tell(
      died(3),
      { type: 'snapshot', at, id: 4, status: 'done', value: 'b', event: 'end' },
      died(4, 'done'),
    );
    expect(stopped).toMatchObject({
      type: '@xstate.snapshot',
      sessionId: '3',
      event: { type: 'xstate.stop' },
      snapshot: { status: 'stopped', value: 'a' },
    });
    expect(gist(others)).toEqual(['@xstate.snapshot 4']);
    expect(gist(messages.all())).toEqual(['@xstate.actor server', '@xstate.actor connections']);
    expect([messages.living, messages.shown]).toEqual([2, 2]);
    expect(tell(event(3), died(3))).toEqual([]);
  });

  it('is nothing of what has no word in the protocol, nor of actors that nobody knows', () => {
    tell(...tree, watched(3));
    expect(
      tell(
        { type: 'emitted', at, source: 3, event: { type: 'outbox' } },
        { type: 'dropped', events: 7 },
        watched(99),
        event(99),
        died(99),
        { type: 'snapshot', at, id: 99, status: 'active', event: 'go' },
      ),
    ).toEqual([]);
  });

  it('begins anew after a reset, with the definitions that are known; and after a clear, with nothing', () => {
    tell(...tree, definition, watched(3, { definition: 5 }), { type: 'reset' });
    expect([messages.living, messages.shown]).toEqual([0, 0]);
    expect(messages.all()).toEqual([]);
    const [server] = tell(born(1, 'server'), watched(1, { definition: 5 }));
    expect(server).toMatchObject({ definition: definition.config });
    messages.clear();
    expect([messages.living, messages.shown]).toEqual([0, 0]);
    expect(tell(born(1, 'server'), watched(1, { definition: 5 }))).toMatchObject([{ definition: '{"id":"server"}' }]);
  });

  it('keeps nothing of the actors that have ended', () => {
    tell(born(1, 'server'), watched(1));
    for (let id = 2; id < 10_000; id += 1) tell(born(id, `connection:${String(id)}`, 1), watched(id), died(id));
    expect(messages.all()).toHaveLength(1);
    expect([messages.living, messages.shown]).toEqual([1, 1]);
  });
});

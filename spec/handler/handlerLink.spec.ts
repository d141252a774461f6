import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createActor,
  fromCallback,
  type AnyActor,
  type AnyActorLogic,
  type AnyEventObject,
  type EventObject,
  type MachineContext,
} from 'xstate';
import { HandlerLink } from '../../actors/handler/handlerLink';
import { isActive } from '../../actors/xstate/relay';
import { setupProtocol, type ProtocolEmitted, type ProtocolEvent } from '../../server/index';
import { starting, tell } from '../support/actors';
import { turn } from '../support/serving';

/** A socket adapter without a socket. It records the link's calls as texts. */
class Paper {
  takesBytes = true;
  readonly said: string[] = [];

  write(data: string | Uint8Array): void {
    this.said.push(`write ${Buffer.from(data as string).toString('utf8')}`);
  }

  holdWrites(): void {
    this.said.push('holdWrites');
  }

  endSoon(tellChart: () => void): void {
    this.takesBytes = false;
    this.said.push('endSoon');
    queueMicrotask(tellChart);
  }

  inboxEmptied(): void {
    this.said.push('inboxEmptied');
  }
}

describe('HandlerLink', () => {
  const { start } = starting();
  let connection: AnyActor;
  let paper: Paper;
  /** The events that the connection's chart has got from its handler. */
  let heard: string[];
  const handlers: AnyActor[] = [];

  beforeEach(() => {
    heard = [];
    paper = new Paper();
    connection = start(
      fromCallback<AnyEventObject>(({ receive }) => {
        receive(({ type }) => heard.push(type));
      }),
    );
  });

  afterEach(() => {
    for (const handler of handlers.splice(0)) tell(handler, { type: 'xstate.stop' });
  });

  const linkTo = (logic: AnyActorLogic): [HandlerLink, AnyActor] => {
    const handler = createActor(logic, { parent: connection });
    handlers.push(handler);
    handler.subscribe({ error: () => undefined });
    const link = new HandlerLink(handler, paper);
    handler.start();
    return [link, handler];
  };

  const got: ProtocolEvent[] = [];
  const listening = fromCallback<ProtocolEvent>(({ receive }) => {
    receive((event) => got.push(event));
  });
  const texts = (): string[] =>
    got.splice(0).map((event) => (event.type === 'inbox' ? String(event.data) : event.type));

  /** A handler that reads only while it is open, and handles the server's shutdown only then. */
  const door: AnyActorLogic = setupProtocol<MachineContext, { type: 'open' } | { type: 'shut' }>().createMachine({
    initial: 'shut',
    states: {
      shut: { on: { open: 'open' } },
      open: {
        on: {
          inbox: { actions: 'reply' },
          'control.serverShutdown': { actions: 'finish' },
          'control.producerFinished': { actions: 'finish' },
          shut: 'shut',
        },
      },
    },
  });

  it('delivers bytes to a handler that takes them', () => {
    const [link] = linkTo(listening);
    expect(link.receive(Buffer.from('hello'))).toBe(true);
    expect(texts()).toEqual(['hello']);
    expect([link.isHolding, link.isIdle]).toEqual([false, true]);
  });

  it('keeps a single byte for a handler that is not reading, and tells when it was taken', async () => {
    const [link, handler] = linkTo(door);
    handler.on('*', (event: EventObject) => {
      link.route(event);
    });
    expect(link.receive(Buffer.from('x'))).toBe(false);
    expect([link.isHolding, link.isIdle]).toEqual([true, false]);
    tell(handler, { type: 'open' });
    await turn();
    expect(paper.said).toEqual(['write x', 'inboxEmptied']);
    expect([link.isHolding, link.isIdle]).toEqual([false, true]);
  });

  it.each<[ProtocolEmitted, string[], string[]]>([
    [{ type: 'outbox', data: 'hello' }, ['write hello'], []],
    [{ type: 'signal.producerFinished' }, ['endSoon'], ['signal.producerFinished']],
    [{ type: 'signal.shutdownMicroprocess' }, ['endSoon'], ['signal.shutdownMicroprocess']],
    [{ type: 'makessl' }, ['holdWrites'], ['makessl']],
    [{ type: 'serversignal.exempt' }, [], ['serversignal.exempt']],
    [{ type: 'serversignal.serverShutdown' }, [], ['serversignal.serverShutdown']],
    [{ type: 'anything else' } as never, [], []],
  ])('routes %o to the socket and to the chart', async (emitted, said, chart) => {
    const [link] = linkTo(listening);
    link.route(emitted);
    await turn();
    expect(paper.said).toEqual(said);
    expect(heard).toEqual(chart);
  });

  it('routes nothing more once the socket takes no bytes', async () => {
    const [link] = linkTo(listening);
    link.route({ type: 'signal.producerFinished' });
    link.route({ type: 'outbox', data: 'late' } as EventObject);
    link.route({ type: 'signal.shutdownMicroprocess' });
    await turn();
    expect(paper.said).toEqual(['endSoon']);
    expect(heard).toEqual(['signal.producerFinished']);
  });

  it("tells of the peer's end only behind the peer's bytes", async () => {
    const [link, handler] = linkTo(door);
    const ends: string[] = [];
    link.receive(Buffer.from('last'));
    link.endInbox(false, () => ends.push('ended'));
    await turn();
    expect(ends).toEqual([]);
    tell(handler, { type: 'open' });
    await turn();
    expect(ends).toEqual(['ended']);
    await turn();
    expect(ends).toHaveLength(1);
  });

  it('tells a handler of the drain when it comes to a state that listens', async () => {
    const [link, handler] = linkTo(door);
    const done: string[] = [];
    handler.on('*', (event: EventObject) => {
      link.route(event);
    });
    link.tellServerShutdown(() => done.push('done'));
    await turn();
    expect([heard, done]).toEqual([[], []]);
    tell(handler, { type: 'open' });
    await turn();
    await turn();
    expect([heard, done]).toEqual([['signal.producerFinished'], []]);
  });

  it('says instead that a handler is done that reads and does not listen', async () => {
    const [link] = linkTo(setupProtocol().createMachine({ on: { inbox: { actions: 'reply' } } }));
    const done: string[] = [];
    link.tellServerShutdown(() => done.push('done'));
    await turn();
    expect(done).toEqual(['done']);
  });

  it("says whether a handler takes the peer's end", () => {
    const [link, handler] = linkTo(door);
    expect(link.tellProducerFinished()).toBe(false);
    tell(handler, { type: 'open' });
    expect(link.tellProducerFinished()).toBe(true);
  });

  it('knows what a handler threw, after its end too', () => {
    const error = new Error('of the handler');
    const [link, handler] = linkTo(
      fromCallback(({ receive }) => {
        receive(() => {
          throw error;
        });
      }),
    );
    expect(link.crash).toBeUndefined();
    link.receive(Buffer.from('x'));
    expect(link.crash).toEqual({ reason: 'handlerFailed', error });
    expect(isActive(handler)).toBe(false);
  });

  it('forgets what waits at the end, and tells the handler last that its connection is over', async () => {
    const [link, handler] = linkTo(door);
    const seen: string[] = [];
    handler.subscribe(() => seen.push('changed'));
    link.receive(Buffer.from('never read'));
    link.tellSocketShutdown({ type: 'control.socketShutdown', reason: 'reset' });
    expect(link.isHolding).toBe(false);
    tell(handler, { type: 'open' });
    await turn();
    expect(paper.said).toEqual([]);
  });
});

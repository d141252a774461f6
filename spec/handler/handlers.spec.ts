import { describe, expect, it } from '@jest/globals';
import { emit, fromCallback, sendTo, setup } from 'xstate';
import {
  setupProtocol,
  type ConnectionEvent,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../server/index';
import '../../server/testing/matchers/jestGlobals';
import { handler } from '../../server/testing/index';

describe('A protocol', () => {
  describe('as a machine', () => {
    it('answers, with what an entry action greets before any byte', async () => {
      await using h = await handler(
        setupProtocol().createMachine({
          entry: { type: 'reply', params: { data: 'hello ' } },
          on: { inbox: { actions: 'reply' } },
        }),
      );
      await h.outbox('hello ');
      await Promise.all([h.inbox('you'), h.peer.ends()]);
      await h.outbox('you');
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 3, bytesOut: 9 });
    });

    it('that reaches its final state flushes, then closes', async () => {
      const reply = 'r'.repeat(1_000_000);
      await using h = await handler(
        setupProtocol().createMachine({
          initial: 'asking',
          states: {
            asking: { on: { inbox: { target: 'told', actions: { type: 'reply', params: { data: reply } } } } },
            told: { type: 'final' },
          },
          output: 'a machine says what it has to say by emitting',
        }),
      );
      h.peer.stopsReading();
      await h.inbox('?');
      expect(h).toBeInState('told');
      await h.peer.isOpen();
      await h.peer.readsOn();
      await h.outbox(reply);
      await h.peer.receivesNothing();
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 1, bytesOut: reply.length });
    });

    it('that is in its final state from the start greets, then closes', async () => {
      await using h = await handler(
        setupProtocol().createMachine({
          entry: { type: 'reply', params: { data: 'no, thank you' } },
          initial: 'done',
          states: { done: { type: 'final' } },
        }),
      );
      await h.outbox('no, thank you');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 0, bytesOut: 13 });
    });

    it('gets the ConnectionInfo as its input, from which its context is made', async () => {
      await using h = await handler(
        setupProtocol<{ who: ConnectionInfo }>().createMachine({
          context: ({ input }) => ({ who: input }),
          entry: {
            type: 'reply',
            params: ({ context: { who } }) => ({ data: `${who.id} ${who.peer} ${String(who.peerport)}` }),
          },
        }),
        {},
        { peer: { localAddress: '192.0.2.7', localPort: 5_000 } },
      );
      expect((await h.outbox(/.*/)).toString()).toBe('connection:1 192.0.2.7 5000');
    });

    it('may leave the answer to an actor that it invokes', async () => {
      interface Answer {
        readonly type: 'answer';
        readonly text: string;
      }
      const clerk = fromCallback<ProtocolEvent>(({ receive, sendBack }) => {
        receive((event) => {
          if (event.type === 'inbox')
            sendBack({ type: 'answer', text: `re: ${event.data.toString()}` } satisfies Answer);
        });
      });
      await using h = await handler(
        setup({
          types: {} as { events: ProtocolEvent | Answer; emitted: ProtocolEmitted; input: ConnectionInfo },
          actors: { clerk },
        }).createMachine({
          invoke: { id: 'clerk', src: 'clerk' },
          on: {
            inbox: { actions: sendTo('clerk', ({ event }) => event) },
            answer: { actions: emit(({ event }) => ({ type: 'outbox', data: event.text })) },
          },
        }),
      );
      await Promise.all([h.inbox('question'), h.peer.ends()]);
      await h.outbox('re: question');
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 8, bytesOut: 12 });
    });
  });

  describe('as a callback', () => {
    it('emits', async () => {
      await using h = await handler(
        fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit, receive, input }) => {
          emit({ type: 'outbox', data: `${input.id} ` });
          receive((event) => {
            if (event.type === 'inbox') emit({ type: 'outbox', data: event.data });
          });
        }),
      );
      await h.outbox('connection:1 ');
      await Promise.all([h.inbox('bytes'), h.peer.ends()]);
      await h.outbox('bytes');
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 5, bytesOut: 18 });
    });

    it('or sends back to its connection, as a handler that runs below a machine would', async () => {
      await using h = await handler(
        fromCallback<ProtocolEvent, ConnectionInfo>(({ sendBack, receive }) => {
          const say = (event: ConnectionEvent): void => {
            sendBack(event);
          };
          say({ type: 'outbox', data: 'hello ' });
          receive((event) => {
            if (event.type !== 'inbox') return;
            say({ type: 'outbox', data: event.data });
            say({ type: 'signal.producerFinished' });
          });
        }),
      );
      await h.outbox('hello ');
      await h.inbox('bytes');
      await h.outbox('bytes');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 5, bytesOut: 11 });
    });

    it.each([
      ['signal.producerFinished', 'handlerFinished', 'hello'],
      ['signal.shutdownMicroprocess', 'aborted', ''],
    ] as const)('may emit %s before any byte', async (type, reason, said) => {
      await using h = await handler(
        fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
          if (said !== '') emit({ type: 'outbox', data: said });
          emit({ type });
        }),
      );
      await h.outbox(said);
      await h.peer.receivesNothing();
      expect(await h.isClosed(reason)).toMatchObject({ bytesOut: said.length });
    });

    it('runs its clean-up function when the peer has gone, once', async () => {
      let cleaned = 0;
      await using h = await handler(fromCallback(() => () => void (cleaned += 1)));
      expect(cleaned).toBe(0);
      await h.peer.ends();
      await h.serverShutdown();
      expect(cleaned).toBe(1);
    });
  });
});

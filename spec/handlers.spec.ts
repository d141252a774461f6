import { describe, expect, it } from '@jest/globals';
import { emit, fromCallback, sendTo, setup } from 'xstate';
import {
  setupProtocol,
  type ConnectionInfo,
  type ConnectionEvent,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../server/index';
import { eventually } from './support/events';
import { receiveToEnd, serving } from './support/serving';

describe('A protocol', () => {
  const serve = serving();

  describe('as a machine', () => {
    it('answers, with what an entry action greets before any byte', async () => {
      const client = await serve.first(
        setupProtocol().createMachine({
          entry: { type: 'reply', params: { data: 'hello ' } },
          on: { inbox: { actions: 'reply' } },
        }),
      );
      expect(await client.receiveText(6)).toBe('hello ');
      client.socket.end('you');
      expect((await client.receiveAll()).toString()).toBe('you');
      expect(await serve.ended()).toMatchObject({ reason: 'peerClosed', bytesIn: 3, bytesOut: 9 });
    });

    it('that reaches its final state flushes, then closes', async () => {
      const reply = 'r'.repeat(4 * 1024 * 1024);
      const client = await serve.first(
        setupProtocol().createMachine({
          initial: 'asking',
          states: {
            asking: { on: { inbox: { target: 'told', actions: { type: 'reply', params: { data: reply } } } } },
            told: { type: 'final' },
          },
          output: 'a machine says what it has to say by emitting',
        }),
      );
      client.stopReading();
      client.socket.write('?');
      await eventually(() => serve.socketOf()?.isFlushed === false);
      client.resumeReading();
      expect((await receiveToEnd(client)) === reply).toBe(true);
      expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesIn: 1, bytesOut: reply.length });
    });

    it('that is in its final state from the start greets, then closes', async () => {
      const client = await serve.first(
        setupProtocol().createMachine({
          entry: { type: 'reply', params: { data: 'no, thank you' } },
          initial: 'done',
          states: { done: { type: 'final' } },
        }),
      );
      expect(await receiveToEnd(client)).toBe('no, thank you');
      expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesIn: 0, bytesOut: 13 });
    });

    it('gets the ConnectionInfo as its input, from which its context is made', async () => {
      const client = await serve.first(
        setupProtocol<{ who: ConnectionInfo }>().createMachine({
          context: ({ input }) => ({ who: input }),
          entry: {
            type: 'reply',
            params: ({ context: { who } }) => ({ data: `${who.id} ${who.peer} ${String(who.peerport)}` }),
          },
        }),
      );
      const text = `connection:1 127.0.0.1 ${String(client.socket.localPort)}`;
      expect(await client.receiveText(text)).toBe(text);
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
      const client = await serve.first(
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
      client.socket.end('question');
      expect((await client.receiveAll()).toString()).toBe('re: question');
    });
  });

  describe('as a callback', () => {
    it('emits', async () => {
      const client = await serve.first(
        fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit, receive, input }) => {
          emit({ type: 'outbox', data: `${input.id} ` });
          receive((event) => {
            if (event.type === 'inbox') emit({ type: 'outbox', data: event.data });
          });
        }),
      );
      expect(await client.receiveText(13)).toBe('connection:1 ');
      client.socket.end('bytes');
      expect((await client.receiveAll()).toString()).toBe('bytes');
    });

    it('or sends back to its connection, as a handler that runs below a machine would', async () => {
      const client = await serve.first(
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
      expect(await client.receiveText(6)).toBe('hello ');
      client.socket.write('bytes');
      expect(await receiveToEnd(client)).toBe('bytes');
      expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesIn: 5, bytesOut: 11 });
    });

    it.each([
      ['signal.producerFinished', 'handlerFinished', 'hello'],
      ['signal.shutdownMicroprocess', 'aborted', ''],
    ] as const)('may emit %s before any byte', async (type, reason, received) => {
      const client = await serve.first(
        fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
          if (received !== '') emit({ type: 'outbox', data: received });
          emit({ type });
        }),
      );
      expect(await receiveToEnd(client)).toBe(received);
      expect(await serve.ended()).toMatchObject({ reason, bytesOut: received.length });
    });

    it('runs its clean-up function when the peer has gone, once', async () => {
      let cleaned = 0;
      const client = await serve.first(fromCallback(() => () => void (cleaned += 1)));
      client.end();
      await serve.ended();
      expect(cleaned).toBe(1);
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import { fromPromise, fromTransition, type ActorLogic, type AnyActorRef, type Snapshot } from 'xstate';
import { echo, type ConnectionInfo, type ProtocolEmitted, type ProtocolEvent } from '../server/index';
import { Gate, receiveToEnd, serving } from './support/serving';

describe('A protocol', () => {
  const serve = serving();

  describe('as a transition function', () => {
    it('keeps its own state for each connection', async () => {
      const counting = fromTransition<number, ProtocolEvent, never, ConnectionInfo, ProtocolEmitted>(
        (bytes, event, { emit }) => {
          if (event.type !== 'inbox') return bytes;
          const sum = bytes + event.data.length;
          emit({ type: 'outbox', data: `${String(sum)};` });
          return sum;
        },
        0,
      );
      const first = await serve.first(counting);
      const second = await serve.connect();
      first.socket.write('abc');
      expect(await first.receiveText(2)).toBe('3;');
      second.socket.write('a');
      expect(await second.receiveText(2)).toBe('1;');
      first.socket.write('d');
      expect(await first.receiveText(2)).toBe('4;');
    });

    it('may finish', async () => {
      const client = await serve.first(
        fromTransition<object, ProtocolEvent, never, ConnectionInfo, ProtocolEmitted>((state, event, { emit }) => {
          if (event.type === 'inbox') {
            emit({ type: 'outbox', data: 'bye' });
            emit({ type: 'signal.producerFinished' });
          }
          return state;
        }, {}),
      );
      client.socket.write('x');
      expect(await receiveToEnd(client)).toBe('bye');
      expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesOut: 3 });
    });
  });

  describe('as a promise', () => {
    it.each([
      ['a string', 'grüße', 'grüße'],
      ['bytes', Uint8Array.from([0, 255, 10]), Buffer.from([0, 255, 10]).toString()],
      ['an empty string', '', ''],
      ['undefined', undefined, ''],
      ['a number', 7, ''],
      ['an object', { data: 'x' }, ''],
    ])('that resolves %s sends that, if it is bytes, and closes', async (_, value, received) => {
      const client = await serve.first(fromPromise(() => Promise.resolve(value)));
      expect(await receiveToEnd(client)).toBe(received);
      expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesIn: 0 });
    });

    it('may emit before it resolves, and knows its connection', async () => {
      const client = await serve.first(
        fromPromise<string, ConnectionInfo, ProtocolEmitted>(async ({ emit, input }) => {
          emit({ type: 'outbox', data: 'one ' });
          await Promise.resolve();
          emit({ type: 'outbox', data: 'two ' });
          return input.id;
        }),
      );
      expect(await receiveToEnd(client)).toBe('one two connection:1');
    });

    it('is told by its signal when the peer has gone', async () => {
      const aborted = new Gate();
      const client = await serve.first(
        fromPromise(({ signal }) => {
          signal.addEventListener('abort', () => {
            aborted.open();
          });
          return new Promise(() => undefined);
        }),
      );
      client.end();
      expect(await serve.ended()).toMatchObject({ reason: 'peerClosed' });
      await expect(aborted.opened).resolves.toBeUndefined();
    });
  });

  describe('as logic made by hand', () => {
    type State = Snapshot<string>;
    const active: State = { status: 'active', output: undefined, error: undefined };

    it('emits, and sends the bytes of its output when it is done', async () => {
      const logic: ActorLogic<State, ProtocolEvent, ConnectionInfo, AnyActorRef['system'], ProtocolEmitted> = {
        getInitialSnapshot: () => active,
        transition: (state, event, { emit }) => {
          if (event.type !== 'inbox') return state;
          emit({ type: 'outbox', data: event.data });
          return event.data.includes('.') ? { status: 'done', output: 'over', error: undefined } : state;
        },
        getPersistedSnapshot: (state) => state,
      };
      const client = await serve.first(logic);
      client.socket.write('go on ');
      expect(await client.receiveText(6)).toBe('go on ');
      client.socket.write('stop. ');
      expect(await receiveToEnd(client)).toBe('stop. over');
      expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesOut: 16 });
    });
  });

  describe('as a factory', () => {
    it('is asked for each connection, with its ConnectionInfo', async () => {
      const infos: ConnectionInfo[] = [];
      const first = await serve.first((info) => {
        infos.push(info);
        return infos.length === 1 ? echo : fromPromise(() => Promise.resolve('another kind'));
      });
      first.socket.write('echo');
      expect(await first.receiveText(4)).toBe('echo');
      const second = await serve.connect();
      const [firstPort, secondPort] = [first.socket.localPort, second.socket.localPort];
      expect(await receiveToEnd(second)).toBe('another kind');
      const localport = serve.server.address?.port;
      const common = { peer: '127.0.0.1', localip: '127.0.0.1', localport, encrypted: false };
      expect(infos).toEqual([
        { id: 'connection:1', peerport: firstPort, ...common },
        { id: 'connection:2', peerport: secondPort, ...common },
      ]);
    });
  });
});

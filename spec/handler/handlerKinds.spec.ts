import { describe, expect, it } from '@jest/globals';
import { fromPromise, fromTransition, type ActorLogic, type AnyActorRef, type Snapshot } from 'xstate';
import {
  echo,
  serverCore,
  type Bytes,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../server/index';
import { handler, scenario } from '../../server/testing/index';

describe('A protocol', () => {
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
      await using s = await scenario(serverCore, { protocol: counting }, { split: 0 });
      const [first, second] = await s.clients('first', 'second');
      await first.sends('abc');
      await first.receives('3;');
      await second.sends('a');
      await second.receives('1;');
      await first.sends('d');
      await first.receives('4;');
      expect(s.actor('connection:1/protocol').getSnapshot()).toMatchObject({ context: 4 });
    });

    it('may finish', async () => {
      await using h = await handler(
        fromTransition<object, ProtocolEvent, never, ConnectionInfo, ProtocolEmitted>((state, event, { emit }) => {
          if (event.type === 'inbox') {
            emit({ type: 'outbox', data: 'bye' });
            emit({ type: 'signal.producerFinished' });
          }
          return state;
        }, {}),
      );
      await h.inbox('x');
      await h.outbox('bye');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 1, bytesOut: 3 });
    });
  });

  describe('as a promise', () => {
    it.each<[string, unknown, Bytes]>([
      ['a string', 'grüße', 'grüße'],
      ['bytes', Uint8Array.from([0, 255, 10]), Buffer.from([0, 255, 10])],
      ['an empty string', '', ''],
      ['undefined', undefined, ''],
      ['a number', 7, ''],
      ['an object', { data: 'x' }, ''],
    ])('that resolves %s sends that, if it is bytes, and closes', async (_, value, sent) => {
      await using h = await handler(fromPromise(() => Promise.resolve(value)));
      await h.outbox(sent);
      await h.peer.receivesNothing();
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 0, bytesOut: Buffer.byteLength(sent) });
    });

    it('may emit before it resolves, and knows its connection', async () => {
      await using h = await handler(
        fromPromise<string, ConnectionInfo, ProtocolEmitted>(async ({ emit, input }) => {
          emit({ type: 'outbox', data: 'one ' });
          await Promise.resolve();
          emit({ type: 'outbox', data: 'two ' });
          return input.id;
        }),
      );
      await h.outbox('one two connection:1');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: 20 });
    });

    it('is told by its signal when the peer has gone', async () => {
      let isAborted = false;
      await using h = await handler(
        fromPromise(({ signal }) => {
          signal.addEventListener('abort', () => (isAborted = true));
          return new Promise(() => undefined);
        }),
      );
      expect(isAborted).toBe(false);
      await h.peer.ends();
      await h.isClosed('peerClosed');
      expect(isAborted).toBe(true);
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
      await using h = await handler(logic);
      await h.inbox('go on ');
      await h.outbox('go on ');
      await h.inbox('stop. ');
      await h.outbox('stop. over');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: 16 });
    });
  });

  describe('as a factory', () => {
    it('is asked for each connection, with its ConnectionInfo', async () => {
      const infos: ConnectionInfo[] = [];
      await using s = await scenario(serverCore, {
        port: 7,
        protocol: (info) => {
          infos.push(info);
          return infos.length === 1 ? echo : fromPromise(() => Promise.resolve('another kind'));
        },
      });
      const first = await s.client('first', { localPort: 1_001 });
      await first.sends('echo');
      await first.receives('echo');
      const second = await s.client('second', { localPort: 1_002, localAddress: '192.0.2.7' });
      await second.receives('another kind');
      await second.isClosed('handlerFinished');
      const common = { localip: '127.0.0.1', localport: 7, encrypted: false };
      expect(infos).toEqual([
        { id: 'connection:1', peer: '127.0.0.1', peerport: 1_001, ...common },
        { id: 'connection:2', peer: '192.0.2.7', peerport: 1_002, ...common },
      ]);
    });
  });
});

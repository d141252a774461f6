import { afterEach, describe, expect, it } from '@jest/globals';
import { createActor, emit, fromCallback, setup, type AnyActor, type AnyActorLogic, type AnyEventObject } from 'xstate';
import {
  echo,
  pipeline,
  setupProtocol,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../server/index';
import { handler, memoryNetwork } from '../../server/testing/index';
import { tell } from '../support/actors';
import { busyPerChunk } from '../support/busyHandlers';
import { collect } from '../support/events';
import { Gate, turn } from '../support/serving';

const KiB = 1024;

/** A component that changes its input and passes it on. The component finishes when its input does. */
const mapping = (change: (text: string) => string): AnyActorLogic =>
  setupProtocol().createMachine({
    on: {
      inbox: { actions: { type: 'reply', params: ({ event }) => ({ data: change(event.data.toString()) }) } },
      'control.producerFinished': { actions: 'finish' },
      'control.serverShutdown': { actions: 'finish' },
    },
  });

const upperCase = mapping((text) => text.toUpperCase());
const star = mapping((text) => `*${text}`);

describe('pipeline', () => {
  describe('as an actor', () => {
    let actor: AnyActor | undefined;

    const start = (...components: AnyActorLogic[]): [AnyActor, AnyEventObject[]] => {
      actor = createActor(pipeline(...components), { input: { id: 'connection:1' } }) as unknown as AnyActor;
      actor.subscribe({ error: () => undefined });
      const emitted = collect<AnyEventObject>(actor);
      actor.start();
      return [actor, emitted];
    };

    afterEach(() => {
      actor?.stop();
    });

    it('leads inbox through its components to outbox, in order', async () => {
      const [line, emitted] = start(upperCase, star, star);
      tell(line, { type: 'inbox', data: Buffer.from('a') });
      tell(line, { type: 'inbox', data: Buffer.from('b') });
      await turn();
      expect(emitted).toEqual([
        { type: 'outbox', data: '**A' },
        { type: 'outbox', data: '**B' },
      ]);
    });

    it('leads control.producerFinished through to signal.producerFinished', async () => {
      const [line, emitted] = start(upperCase, star);
      tell(line, { type: 'inbox', data: Buffer.from('a') });
      tell(line, { type: 'control.producerFinished' });
      await turn();
      expect(emitted).toEqual([{ type: 'outbox', data: '*A' }, { type: 'signal.producerFinished' }]);
    });

    it('works with one component', async () => {
      const [line, emitted] = start(star);
      tell(line, { type: 'inbox', data: Buffer.from('a') });
      await turn();
      expect(emitted).toEqual([{ type: 'outbox', data: '*a' }]);
    });

    it('gives each component its own input', () => {
      const inputs: unknown[] = [];
      const noting = fromCallback(({ input }) => void inputs.push(input));
      start(noting, noting);
      expect(inputs).toEqual([{ id: 'connection:1' }, { id: 'connection:1' }]);
    });

    it('passes on what the first component says at its start', async () => {
      const greeting = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit: say }) => {
        say({ type: 'outbox', data: Buffer.from('hello') });
      });
      const [, emitted] = start(greeting, upperCase);
      await turn();
      expect(emitted).toEqual([{ type: 'outbox', data: 'HELLO' }]);
    });

    it('may hold the same logic twice, and another pipeline', async () => {
      const [line, emitted] = start(pipeline(star, star), star);
      tell(line, { type: 'inbox', data: Buffer.from('a') });
      await turn();
      expect(emitted).toEqual([{ type: 'outbox', data: '***a' }]);
    });

    it('refuses to be empty, or made of something else than logic', () => {
      expect(() => pipeline()).toThrow('A pipeline needs a component');
      expect(() => pipeline(echo, (() => echo) as unknown as AnyActorLogic)).toThrow(
        "The component '2' is the function (anonymous), not actor logic",
      );
    });
  });

  describe('as a protocol', () => {
    it('answers with what comes out at its end', async () => {
      await using h = await handler(pipeline(upperCase, star));
      await h.inbox('hello');
      await h.outbox('*HELLO');
    });

    it('ends with the peer, after the last reply', async () => {
      await using h = await handler(pipeline(upperCase, star));
      h.peer.socket.end('hello');
      await h.outbox('*HELLO');
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 5, bytesOut: 6 });
    });

    it('ends a half-open connection by passing the end through', async () => {
      await using h = await handler(pipeline(upperCase, star), { allowHalfOpen: true });
      h.peer.socket.end('hello');
      await h.outbox('*HELLO');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 5, bytesOut: 6 });
    });

    it('drains: what is told to the first comes out of the last', async () => {
      await using h = await handler(pipeline(upperCase, star));
      await h.inbox('hello');
      await h.outbox('*HELLO');
      await h.serverShutdown();
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: 6 });
      expect(h.scenario.leftovers()).toEqual([]);
    });

    it('fails when a component does, and stops the others', async () => {
      const error = new Error('under test');
      let cleaned = 0;
      const broken = fromCallback<ProtocolEvent>(({ receive }) => {
        receive((event) => {
          if (event.type === 'inbox') throw error;
        });
      });
      const healthy = fromCallback(() => () => void (cleaned += 1));
      await using h = await handler(pipeline(upperCase, broken, healthy));
      await h.inbox('x');
      await h.peer.receivesNothing();
      expect((await h.isClosed('handlerFailed')).error).toBe(error);
      expect(cleaned).toBe(1);
    });

    describe.each([
      ['first', (slow: AnyActorLogic): AnyActorLogic[] => [slow, echo]],
      ['last', (slow: AnyActorLogic): AnyActorLogic[] => [echo, slow]],
    ])('given a slow component that is the %s', (_, around) => {
      it('loses nothing, also when a FIN is right behind', async () => {
        const network = memoryNetwork();
        const slow = busyPerChunk(async (data) => {
          await new Promise<void>((resolve) => network.clock.setTimeout(resolve, 2));
          return data;
        });
        await using h = await handler(pipeline(...around(slow)), {}, { network });
        const all = Array.from({ length: 1_000 }, (__, n) => `chunk ${String(n)}\n`).join('');
        for (const line of all.split(/(?<=\n)/)) h.peer.socket.write(line);
        await h.peer.ends();
        await h.peer.isOpen();
        await h.advance(2_000);
        await h.outbox(all);
        expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: all.length, bytesOut: all.length });
      });

      it('stops reading while it is busy, so that the sender feels it', async () => {
        const gate = new Gate();
        const slow = busyPerChunk(async (data) => {
          await gate.opened;
          return data;
        });
        await using h = await handler(pipeline(...around(slow)));
        const sent = Buffer.alloc(KiB * KiB, 'serverchart ');
        await h.inbox(sent);
        // including the bytes that the window holds
        expect(sent.length - h.peer.socket.writableLength).toBeLessThanOrEqual(256 * KiB);
        await h.peer.receivesNothing();
        gate.open();
        await h.outbox(sent);
      });
    });

    it('hands a guard of its first component the data to judge', async () => {
      const picky = setup({
        types: {} as { events: ProtocolEvent; emitted: ProtocolEmitted },
        guards: {
          // a check like that of a user who once got an event without data
          isLong: ({ event }) => 'data' in event && (event.data as Buffer | undefined)?.length === 4,
        },
      }).createMachine({
        on: { inbox: { guard: 'isLong', actions: emit(({ event }) => ({ type: 'outbox', data: event.data })) } },
      });
      await using h = await handler(pipeline(picky));
      await h.inbox('four');
      await h.outbox('four');
    });
  });
});

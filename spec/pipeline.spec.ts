import { afterEach, describe, expect, it } from '@jest/globals';
import { createActor, emit, fromCallback, setup, type AnyActor, type AnyActorLogic, type AnyEventObject } from 'xstate';
import {
  echo,
  pipeline,
  setupProtocol,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../server/index';
import { tell } from './support/actors';
import { busyPerChunk } from './support/busyHandlers';
import { collect, eventually } from './support/events';
import { Gate, receiveToEnd, serving, turn, working } from './support/serving';

const KiB = 1024;

/** Sends on what comes, changed; finishes when what comes does. */
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
    const serve = serving();
    const first = (...components: AnyActorLogic[]): ReturnType<typeof serve.first> =>
      serve.first(pipeline(...components));

    it('answers with what comes out at its end', async () => {
      const client = await first(upperCase, star);
      client.socket.write('hello');
      expect(await client.receiveText(6)).toBe('*HELLO');
    });

    it('ends with the peer, after the last reply', async () => {
      const client = await first(upperCase, star);
      client.socket.end('hello');
      expect((await client.receiveAll()).toString()).toBe('*HELLO');
      expect(await serve.ended()).toMatchObject({ reason: 'peerClosed', bytesIn: 5, bytesOut: 6 });
    });

    it('ends a half-open connection by passing the end through', async () => {
      const client = await serve.first(pipeline(upperCase, star), { allowHalfOpen: true });
      client.socket.end('hello');
      expect((await client.receiveAll()).toString()).toBe('*HELLO');
      expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesIn: 5, bytesOut: 6 });
    });

    it('drains: what is told to the first comes out of the last', async () => {
      const client = await first(upperCase, star);
      client.socket.write('hello');
      expect(await client.receiveText(6)).toBe('*HELLO');
      const summary = serve.server.shutdown();
      expect(await receiveToEnd(client)).toBe('');
      expect((await summary).reasons).toEqual({ handlerFinished: 1 });
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
      const client = await first(upperCase, broken, healthy);
      client.socket.write('x');
      expect(await receiveToEnd(client)).toBe('');
      const closed = await serve.ended();
      expect(closed.reason).toBe('handlerFailed');
      expect(closed.error).toBe(error);
      expect(cleaned).toBe(1);
    });

    describe.each([
      ['first', (slow: AnyActorLogic): AnyActorLogic[] => [slow, echo]],
      ['last', (slow: AnyActorLogic): AnyActorLogic[] => [echo, slow]],
    ])('given a slow component that is the %s', (_, around) => {
      it('loses nothing, also when a FIN is right behind', async () => {
        const slow = busyPerChunk(async (data) => {
          await working(2);
          return data;
        });
        const client = await first(...around(slow));
        const lines = Array.from({ length: 1_000 }, (__, n) => `chunk ${String(n)}\n`);
        for (const line of lines) client.socket.write(line);
        client.end();
        const all = lines.join('');
        expect((await client.receiveAll()).toString() === all).toBe(true);
        expect(await serve.ended()).toMatchObject({ reason: 'peerClosed', bytesIn: all.length, bytesOut: all.length });
      });

      it('stops reading while it is busy, so that the sender feels it', async () => {
        const gate = new Gate();
        const slow = busyPerChunk(async (data) => {
          await gate.opened;
          return data;
        });
        const client = await first(...around(slow));
        const sent = Buffer.alloc(16 * KiB * KiB, 's');
        client.socket.write(sent);
        await eventually(() => (serve.socketOf()?.bytesIn ?? 0) > 0);
        for (let turns = 0; turns < 200; turns += 1) await turn();
        const ahead = serve.socketOf()?.bytesIn;
        const unsent = client.socket.writableLength;
        gate.open();
        for (let length = 0; length < sent.length;) {
          const part = await client.receive(Math.min(64 * KiB, sent.length - length));
          expect(part.equals(sent.subarray(length, length + part.length))).toBe(true);
          length += part.length;
        }
        expect(ahead).toBeLessThanOrEqual(512 * KiB);
        expect(unsent).toBeGreaterThan(0);
      });
    });

    it('hands a guard of its first component the data to judge', async () => {
      const picky = setup({
        types: {} as { events: ProtocolEvent; emitted: ProtocolEmitted },
        guards: {
          // as written by someone who was once handed an event without data
          isLong: ({ event }) => 'data' in event && (event.data as Buffer | undefined)?.length === 4,
        },
      }).createMachine({
        on: { inbox: { guard: 'isLong', actions: emit(({ event }) => ({ type: 'outbox', data: event.data })) } },
      });
      const client = await first(picky);
      client.socket.write('four');
      expect(await client.receiveText(4)).toBe('four');
    });
  });
});

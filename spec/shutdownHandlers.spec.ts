import { describe, expect, it } from '@jest/globals';
import {
  fromObservable,
  fromPromise,
  fromTransition,
  type AnyActorLogic,
  type AnyActorRef,
  type MachineContext,
} from 'xstate';
import { setupProtocol, type ProtocolEvent, type ServerCore } from '../server/index';
import { emitted, eventually } from './support/events';
import { attempt, deaf, handler, openClient, polite, startServer, type Emitted } from './support/fixtures';
import { makeWorker } from './support/worker';

/** Longer than any spec: what ends such a shutdown is not the timeout. */
const patient = { shutdownTimeout: 1_000_000 };
const brief = { shutdownTimeout: 30 };

interface Entry {
  readonly actor: AnyActorRef;
  readonly CSA: { readonly bytesIn: number };
}

const firstConnection = ({ actor }: ServerCore): Entry | undefined => {
  const registry = (actor.getSnapshot().children as Record<string, AnyActorRef>)['connections'];
  return (registry?.getSnapshot() as { live: ReadonlyMap<string, Entry> }).live.get('connection:1');
};

/** The handler of the first connection. */
const liveHandler = (server: ServerCore): AnyActorRef | undefined =>
  (firstConnection(server)?.actor.getSnapshot() as { children: { protocol?: AnyActorRef } } | undefined)?.children
    .protocol;

/** Bytes that the first connection has read, whether its handler has taken them or not. */
const bytesRead = (server: ServerCore): number | undefined => firstConnection(server)?.CSA.bytesIn;

describe('A shutdown', () => {
  describe('is not held up by', () => {
    const ignorant: [string, AnyActorLogic][] = [
      ['callback', deaf],
      ['promise that never settles', fromPromise(() => new Promise(() => undefined))],
      [
        'observable that never completes',
        fromObservable(() => ({ subscribe: () => ({ unsubscribe: () => undefined }) })),
      ],
      ['transition', fromTransition((state: object) => state, {})],
      [
        'machine that hears it and does nothing',
        setupProtocol().createMachine({ on: { inbox: {}, 'control.serverShutdown': { actions: () => undefined } } }),
      ],
    ];
    it.each(ignorant)('a handler that ignores it: a %s', async (_, protocol) => {
      const started = await startServer({ ...brief, protocol });
      const client = await openClient(started);
      const summary = await started.server.shutdown();
      expect(summary.drained.map(({ id, reason }) => [id, reason])).toEqual([['connection:1', 'aborted']]);
      expect(await client.closed).toBe('clean');
    });

    it('a handler that throws on being told, and the others still get their goodbye', async () => {
      const failing = handler(({ receive }) => {
        receive(({ type }) => {
          if (type === 'control.serverShutdown') throw new Error('no');
        });
      });
      const started = await startServer({
        ...patient,
        protocol: ({ id }) => (id === 'connection:1' ? failing : polite),
      });
      const failed = emitted<Emitted<'connection.failed'>>(started.server, 'connection.failed');
      await openClient(started);
      const client = await openClient(started);
      expect(await started.server.shutdown()).toMatchObject({ reasons: { handlerFailed: 1, handlerFinished: 1 } });
      expect(await failed).toMatchObject({ id: 'connection:1', error: new Error('no') });
      expect((await client.receiveAll()).toString()).toBe('goodbye');
    });

    it('a machine that does not know of it and waits for more: it is ended, and told why', async () => {
      const heard: ProtocolEvent[] = [];
      const started = await startServer({
        ...patient,
        protocol: setupProtocol().createMachine({
          on: {
            inbox: { actions: 'reply' },
            'control.socketShutdown': { actions: ({ event }) => heard.push(event) },
          },
        }),
      });
      const client = await openClient(started);
      await client.send('hello');
      await client.receiveText('hello');
      expect((await started.server.shutdown()).drained).toMatchObject([
        { id: 'connection:1', reason: 'serverShutdown', bytesIn: 5, bytesOut: 5 },
      ]);
      expect(heard).toEqual([{ type: 'control.socketShutdown', reason: 'serverShutdown' }]);
      expect(await client.closed).toBe('clean');
    });

    it('a machine that never reads at all', async () => {
      const greeter = setupProtocol().createMachine({ entry: { type: 'reply', params: { data: 'hello' } } });
      const started = await startServer({ ...patient, protocol: greeter });
      const client = await openClient(started);
      expect(await started.server.shutdown()).toMatchObject({ reasons: { serverShutdown: 1 } });
      expect((await client.receiveAll()).toString()).toBe('hello');
    });

    it('a machine that never reads, and has been sent something', async () => {
      const started = await startServer({ shutdownTimeout: 200, protocol: setupProtocol().createMachine({}) });
      const client = await openClient(started);
      await client.send('hello?');
      await eventually(() => bytesRead(started.server) === 6);
      expect(await started.server.shutdown()).toMatchObject({ reasons: { serverShutdown: 1 } });
    });
  });

  describe('given a machine in the middle of its work, in a state that does not read', () => {
    it('lets it finish, sends its answer, and then ends it', async () => {
      const { worker, finishWork, begun } = makeWorker();
      const started = await startServer({ ...patient, protocol: worker });
      const client = await openClient(started);
      await client.send('hello');
      await eventually(() => begun.length === 1);

      started.server.send({ type: 'control.serverShutdown' });
      await attempt(started.port);
      expect(started.server.actor.getSnapshot().context.open).toBe(1);
      finishWork();

      expect((await started.server.closed).reasons).toEqual({ serverShutdown: 1 });
      expect((await client.receiveAll()).toString()).toBe('HELLO');
    });

    it('lets it have the chunks that have come already', async () => {
      const { worker, finishWork, begun } = makeWorker();
      const started = await startServer({ ...patient, protocol: worker });
      const client = await openClient(started);
      await client.send('one ');
      await eventually(() => begun.length === 1);
      await client.send('two ');
      // 'two' waits in the inbox: the connection has read it, and the handler has not
      await eventually(() => bytesRead(started.server) === 8);

      started.server.send({ type: 'control.serverShutdown' });
      finishWork();
      await eventually(() => begun.length === 2);
      finishWork();

      expect((await started.server.closed).reasons).toEqual({ serverShutdown: 1 });
      expect((await client.receiveAll()).toString()).toBe('ONE TWO ');
    });

    it.each([
      ['that reads', { inbox: { actions: 'reply' as const } }],
      ['although it never reads', {}],
    ])('tells it in the next state that listens, %s', async (_, on) => {
      const protocol = setupProtocol<MachineContext, { type: 'goOn' }>().createMachine({
        initial: 'busy',
        states: {
          busy: { on: { goOn: 'idle' } },
          idle: {
            on: {
              ...on,
              'control.serverShutdown': { actions: [{ type: 'reply', params: { data: 'goodbye' } }, 'finish'] },
            },
          },
        },
      });
      const started = await startServer({ ...patient, protocol });
      const client = await openClient(started);
      started.server.send({ type: 'control.serverShutdown' });
      await attempt(started.port);
      expect(client.received.toString()).toBe('');
      liveHandler(started.server)?.send({ type: 'goOn' });
      expect((await client.receiveAll()).toString()).toBe('goodbye');
      expect((await started.server.closed).reasons).toEqual({ handlerFinished: 1 });
    });

    it('cuts it when it never finishes', async () => {
      const { worker, begun } = makeWorker();
      const started = await startServer({ ...brief, protocol: worker });
      const client = await openClient(started);
      await client.send('hello');
      await eventually(() => begun.length === 1);
      expect((await started.server.shutdown()).drained).toMatchObject([{ reason: 'aborted', bytesIn: 5, bytesOut: 0 }]);
      expect((await client.receiveAll()).length).toBe(0);
    });
  });
});

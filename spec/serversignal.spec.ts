import { describe, expect, it } from '@jest/globals';
import { createSingleServer, setupProtocol, type Protocol } from '../server/index';
import { collect, emitted } from './support/events';
import { connectClient, deaf, handler, openClient, polite, startServer } from './support/fixtures';

const goodbye = { type: 'reply', params: { data: 'goodbye' } } as const;

/** Shut their server down when they are told to, and say goodbye when the server says that it shuts down. */
const stoppable: [string, Protocol][] = [
  [
    'machine',
    setupProtocol().createMachine({
      on: {
        inbox: { actions: ['reply', 'shutdownServer'] },
        'control.serverShutdown': { actions: [goodbye, 'finish'] },
      },
    }),
  ],
  [
    'callback',
    handler(({ receive, emit }) => {
      receive((event) => {
        if (event.type === 'inbox') {
          emit({ type: 'outbox', data: event.data });
          emit({ type: 'serversignal.serverShutdown' });
        } else if (event.type === 'control.serverShutdown') {
          emit({ type: 'outbox', data: 'goodbye' });
          emit({ type: 'signal.producerFinished' });
        }
      });
    }),
  ],
];

describe("A handler's serversignal.serverShutdown", () => {
  describe.each(stoppable)('emitted by a %s', (_, protocol) => {
    it('drains the server, and its own connection gets its goodbye through', async () => {
      const started = await startServer({
        protocol: (info) => (info.id === 'connection:1' ? polite : (protocol as typeof polite)),
      });
      const other = await openClient(started);
      const client = await openClient(started);
      const events = collect<{ type: string }>(started.server);

      await client.send('stop ');
      const summary = await started.server.closed;

      expect((await client.receiveAll()).toString()).toBe('stop goodbye');
      expect((await other.receiveAll()).toString()).toBe('goodbye');
      expect(summary.reasons).toEqual({ handlerFinished: 2 });
      expect(summary.drained).toHaveLength(2);
      expect(events.map(({ type }) => type)).toEqual([
        '_serversignal.serverShutdown',
        'server.draining',
        'connection.closed',
        'connection.closed',
        'server.shutdown',
      ]);
    });

    it('drains a SingleServer too', async () => {
      const server = createSingleServer({ port: 0, protocol });
      const { port } = await server.start();
      const client = await connectClient(port);
      await client.send('stop ');
      expect(await server.closed).toMatchObject({ connections: 1, reasons: { handlerFinished: 1 } });
      expect((await client.receiveAll()).toString()).toBe('stop goodbye');
    });
  });

  it('may come with the last words, right before the handler finishes by itself', async () => {
    const protocol = setupProtocol().createMachine({
      on: { inbox: { actions: [goodbye, 'shutdownServer', 'finish'] } },
    });
    const started = await startServer({ protocol });
    const client = await openClient(started);
    await client.send('stop');
    expect((await started.server.closed).reasons).toEqual({ handlerFinished: 1 });
    expect((await client.receiveAll()).toString()).toBe('goodbye');
  });

  it('may come in the very first moment, from a machine', async () => {
    const protocol = setupProtocol().createMachine({
      entry: 'shutdownServer',
      on: { inbox: { actions: 'reply' }, 'control.serverShutdown': { actions: [goodbye, 'finish'] } },
    });
    const { server, port } = await startServer({ protocol });
    const client = await connectClient(port);
    expect((await server.closed).reasons).toEqual({ handlerFinished: 1 });
    expect((await client.receiveAll()).toString()).toBe('goodbye');
  });

  it('may come in the very first moment, from a callback', async () => {
    const protocol = handler(({ receive, emit }) => {
      receive(({ type }) => {
        if (type !== 'control.serverShutdown') return;
        emit({ type: 'outbox', data: 'goodbye' });
        emit({ type: 'signal.producerFinished' });
      });
      emit({ type: 'serversignal.serverShutdown' });
    });
    const { server, port } = await startServer({ protocol });
    const client = await connectClient(port);
    expect((await server.closed).reasons).toEqual({ handlerFinished: 1 });
    expect((await client.receiveAll()).toString()).toBe('goodbye');
  });

  it('counts once, however many handlers say it', async () => {
    const started = await startServer({
      protocol: setupProtocol().createMachine({
        on: {
          inbox: { actions: ['shutdownServer', 'shutdownServer'] },
          'control.serverShutdown': { actions: ['shutdownServer', 'finish'] },
        },
      }),
    });
    const clients = [await openClient(started), await openClient(started)];
    const draining = collect(started.server, 'server.draining');
    await Promise.all(clients.map((client) => client.send('stop')));
    expect((await started.server.closed).reasons).toEqual({ handlerFinished: 2 });
    expect(draining).toEqual([{ type: 'server.draining', connections: 2 }]);
  });

  it('keeps to shutdownTimeout, as control.serverShutdown does', async () => {
    const rude = setupProtocol().createMachine({ on: { inbox: { actions: 'shutdownServer' } } });
    const started = await startServer({
      shutdownTimeout: 1_000,
      protocol: ({ id }) => (id === 'connection:1' ? deaf : rude),
    });
    const stuck = await openClient(started);
    const client = await openClient(started);
    const closed = emitted(started.server, 'connection.closed');
    await client.send('stop');
    expect(await closed).toMatchObject({ id: 'connection:2', reason: 'serverShutdown' });
    expect((await started.server.closed).reasons).toEqual({ serverShutdown: 1, aborted: 1 });
    expect(await stuck.closed).toBe('clean');
  });
});

import { describe, expect, it } from '@jest/globals';
import { fromCallback, type AnyActorLogic, type EventObject } from 'xstate';
import {
  createSingleServer,
  echo,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
  type SingleServerEmitted,
  type SingleServerOptions,
} from '../server/index';
import type { Client } from './support/client';
import { collect, emitted } from './support/events';
import { Hosting } from './support/hosting';
import { leave } from './support/visitors';

type Finished = Extract<SingleServerEmitted, { type: 'signal.producerFinished' }>;

describe('SingleServer with a protocol', () => {
  const host = new Hosting((options: SingleServerOptions) => createSingleServer({ port: 0, ...options }));

  const depart = async (client: Client): Promise<void> => {
    const finished = emitted(host.server, 'signal.producerFinished');
    await leave(client);
    await finished;
  };

  it('gives each client a handler of its own, told who the client is', async () => {
    const infos: ConnectionInfo[] = [];
    await host.start({
      protocol: (info) => {
        infos.push(info);
        return echo;
      },
    });
    const ports: (number | undefined)[] = [];
    for (const text of ['one', 'two']) {
      const client = await host.connect();
      ports.push(client.socket.localPort);
      await client.send(text);
      expect(await client.receiveText(text)).toBe(text);
      await depart(client);
    }
    expect(infos).toEqual(
      ports.map((peerport, index) => ({
        id: `connection:${String(index + 1)}`,
        peer: '127.0.0.1',
        peerport,
        localip: '127.0.0.1',
        localport: host.port,
        encrypted: false,
      })),
    );
  });

  it('keeps the bytes between client and handler: outbox stays silent', async () => {
    await host.start({ protocol: echo });
    const outbox = collect(host.server, 'outbox');
    const client = await host.connect();
    await client.send('private');
    expect(await client.receiveText('private')).toBe('private');
    await depart(client);
    expect(outbox).toEqual([]);
  });

  it('sends the client what comes on inbox, beside what its handler sends', async () => {
    await host.start({ protocol: echo });
    host.server.send({ type: 'inbox', data: 'waited; ' });
    const client = await host.connect();
    expect(await client.receiveText('waited; ')).toBe('waited; ');
    await client.send('echoed; ');
    expect(await client.receiveText('echoed; ')).toBe('echoed; ');
    host.server.send({ type: 'inbox', data: 'direct' });
    expect(await client.receiveText('direct')).toBe('direct');
    await depart(client);
  });

  it('ends the client when its handler is done, and serves the next', async () => {
    await host.start({
      protocol: fromCallback<EventObject, ConnectionInfo, ProtocolEmitted>(({ emit, input }) => {
        emit({ type: 'outbox', data: input.id });
        emit({ type: 'signal.producerFinished' });
      }),
    });
    const finished = collect<Finished>(host.server, 'signal.producerFinished');
    for (const id of ['connection:1', 'connection:2']) {
      const client = await host.connect();
      await client.ended;
      expect(client.received.toString()).toBe(id);
      await depart(client);
    }
    expect(finished.map(({ id, reason }) => [id, reason])).toEqual([
      ['connection:1', 'handlerFinished'],
      ['connection:2', 'handlerFinished'],
    ]);
  });

  it('survives a handler that throws: at its making, at its start, at its first byte', async () => {
    const crashes: (() => AnyActorLogic)[] = [
      () => {
        throw new Error('no handler');
      },
      () =>
        fromCallback<ProtocolEvent, ConnectionInfo>(() => {
          throw new Error('no start');
        }),
      () =>
        fromCallback<ProtocolEvent, ConnectionInfo>(({ receive }) => {
          receive((event) => {
            if (event.type === 'inbox') throw new Error('no bytes');
          });
        }),
    ];
    let turn = 0;
    await host.start({ protocol: () => crashes[turn]?.() ?? echo });
    const failed = collect<{ id: string; error: Error }>(host.server, 'connection.failed');
    const finished = collect<Finished>(host.server, 'signal.producerFinished');
    for (turn = 0; turn < crashes.length; turn += 1) {
      const gone = emitted(host.server, 'signal.producerFinished');
      const client = await host.connect();
      client.socket.write('x');
      await client.ended;
      await leave(client);
      await gone;
    }
    expect(failed.map(({ id, error }) => [id, error.message])).toEqual([
      ['connection:1', 'no handler'],
      ['connection:2', 'no start'],
      ['connection:3', 'no bytes'],
    ]);
    expect(finished.map(({ reason }) => reason)).toEqual(['handlerFailed', 'handlerFailed', 'handlerFailed']);

    const client = await host.connect();
    await client.send('fine');
    expect(await client.receiveText('fine')).toBe('fine');
    await depart(client);
  });

  it('is shut down by a handler that emits serversignal.serverShutdown', async () => {
    await host.start({
      protocol: fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit, receive }) => {
        receive((event) => {
          if (event.type === 'inbox') emit({ type: 'serversignal.serverShutdown' });
          if (event.type !== 'control.serverShutdown') return;
          emit({ type: 'outbox', data: 'bye' });
          emit({ type: 'signal.producerFinished' });
        });
      }),
    });
    const client = await host.connect();
    await client.send('stop');
    await client.ended;
    expect(client.received.toString()).toBe('bye');
    await leave(client);
    expect(await host.server.closed).toMatchObject({
      connections: 1,
      drained: [{ id: 'connection:1', reason: 'handlerFinished', bytesIn: 4, bytesOut: 3 }],
    });
  });
});

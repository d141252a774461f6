import { describe, expect, it } from '@jest/globals';
import {
  createServerCore,
  createSingleServer,
  echo,
  serverCore,
  singleServer,
  type ProtocolEvent,
  type ServerSummary,
} from '../../../server/index';
import { scenario, type Scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { collect } from '../../support/events';
import { deaf, handler, polite } from '../../support/fixtures';
import { floodOnDemand } from '../../support/floods';

/** Cuts a server. Expects that the server has ended when `send` returns, and that nothing is left of it. */
async function cut(s: Scenario<typeof serverCore> | Scenario<typeof singleServer>): Promise<ServerSummary | undefined> {
  s.server.send({ type: 'control.shutdownMicroprocess' });
  const { status, output } = s.server.getSnapshot();
  expect(status).toBe('done');
  await s.settle();
  expect(s.leftovers().filter((left) => !left.endsWith(' to 127.0.0.1:1601'))).toEqual([]);
  return output;
}

describe('control.shutdownMicroprocess', () => {
  it('ends the server at once, with every connection cut', async () => {
    await using s = await scenario(serverCore, { protocol: polite });
    const clients = await s.clients('first', 'second');
    const before = s.emitted.length;

    const summary = await cut(s);

    expect(summary).toMatchObject({ reasons: { aborted: 2 }, drained: s.closed });
    expect(s.closed.map(({ id, reason }) => [id, reason])).toEqual([
      ['connection:1', 'aborted'],
      ['connection:2', 'aborted'],
    ]);
    expect(s.emitted.slice(before).map(({ type }) => type)).toEqual([
      '_serversignal.serverShutdown',
      'server.draining',
      'connection.closed',
      'connection.closed',
      'server.shutdown',
    ]);
    // the client gets no goodbye
    for (const client of clients) await client.receivesNothing();
    for (const client of clients) await client.hasClosed();
    await (await s.client()).hasFailed('ECONNREFUSED');
  });

  it('tells each handler that its connection is over, and nothing of a shutdown', async () => {
    const heard: ProtocolEvent[] = [];
    const protocol = handler(({ receive }) => {
      receive((event) => {
        heard.push(event);
      });
    });
    await using s = await scenario(serverCore, { protocol });
    await s.client();
    await cut(s);
    expect(heard).toEqual([{ type: 'control.socketShutdown', reason: 'aborted' }]);
  });

  it('throws away what a slow client has not taken', async () => {
    await using s = await scenario(serverCore, { protocol: floodOnDemand });
    const client = await s.client();
    client.stopsReading();
    await client.sends('?');
    expect(await cut(s)).toMatchObject({ bytesOut: 65_536, drained: [{ reason: 'aborted', bytesOut: 65_536 }] });
    await client.readsOn();
    await client.receives(65_536);
    await client.receivesNothing();
    await client.hasClosed();
  });

  it('turns queued clients away', async () => {
    await using s = await scenario(serverCore, { protocol: echo, maxConnections: 1, whenBusy: 'queue' });
    const [serving, queued] = await s.clients('serving', 'queued');
    expect(await cut(s)).toMatchObject({ connections: 1, rejected: 1, reasons: { aborted: 1 } });
    await queued.isRejected('serverShutdown');
    for (const client of [serving, queued]) await client.hasClosed();
  });

  it('cuts short a drain that waits for its handlers', async () => {
    await using s = await scenario(serverCore, { protocol: deaf });
    const client = await s.client();
    await s.shutsDown();
    expect(s.server).toBeInState({ draining: 'finishing' });
    expect(await cut(s)).toMatchObject({ reasons: { aborted: 1 } });
    await client.hasClosed();
  });

  it('cuts short a drain that waits for a client to end its side', async () => {
    await using s = await scenario(serverCore, { protocol: polite });
    const client = await s.client('client', { allowHalfOpen: true });
    await s.shutsDown();
    await client.isEnded();
    expect(s).toHaveConnections(1);
    expect(await cut(s)).toMatchObject({ connections: 1, reasons: { handlerFinished: 1 } });
    await client.receives('goodbye');
  });

  it('works while the port is suspended, and while it is closed because the server is full', async () => {
    await using suspended = await scenario(serverCore, { protocol: echo });
    await suspended.client();
    await suspended.send({ type: 'control.suspend' });
    expect(await cut(suspended)).toMatchObject({ reasons: { aborted: 1 } });

    await using refusing = await scenario(serverCore, { protocol: echo, maxConnections: 1, whenBusy: 'refuse' });
    await refusing.client();
    expect(refusing.server).toBeInState({ listening: { full: 'refusing' } });
    expect(await cut(refusing)).toMatchObject({ reasons: { aborted: 1 } });
    await (await refusing.client()).hasFailed('ECONNREFUSED');
  });

  it.each([
    ['ServerCore', () => createServerCore({ protocol: echo, port: 0 })],
    ['SingleServer', () => createSingleServer({ port: 0 })],
  ])('ends a %s that is still starting, and start() says why', async (_, create) => {
    const server = create();
    const events = collect<{ type: string }>(server);
    const start = server.start();
    server.send({ type: 'control.shutdownMicroprocess' });
    expect(server.actor.getSnapshot()).toMatchObject({
      status: 'done',
      output: { connections: 0, rejected: 0, reasons: {}, drained: [] },
    });
    await expect(start).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED', name: 'ServerchartError' });
    // if the port had been opened after all, it would be open by now
    await new Promise((resolve) => setImmediate(resolve));
    expect(events.map(({ type }) => type)).toEqual([
      '_serversignal.serverShutdown',
      'server.draining',
      'server.shutdown',
    ]);
  });

  it('ends a SingleServer at once, with its client and with those that queue', async () => {
    await using s = await scenario(singleServer, { whenBusy: 'queue' });
    const [client, queued] = await s.clients('client', 'queued');
    expect(await cut(s)).toMatchObject({
      ...{ connections: 1, rejected: 1, reasons: { aborted: 1 } },
      drained: [{ id: 'connection:1', reason: 'aborted' }],
    });
    await queued.isRejected('serverShutdown');
    for (const each of [client, queued]) await each.hasClosed();
  });
});

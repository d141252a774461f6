import { describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import net, { createServer, type Server } from 'node:net';
import { connect } from 'node:tls';
import { createServerCore, createSingleServer, echo } from '../../server/index';
import { ca, issue } from '../support/tls/certificates';
import { collect, emitted } from '../support/events';
import { broken } from '../support/failingListeners';
import { atEnd, openClient, startServer } from '../support/fixtures';

it.each([
  ['ServerCore', createServerCore],
  ['SingleServer', createSingleServer],
])('%s has the certificate of the last control.tlsReload when it listens again', async (_, make) => {
  const [old, renewed] = [issue('old.test'), issue('new.test')];
  const create = jest.spyOn(net, 'createServer');
  await using server = make({ protocol: echo, port: 0, tls: old.pem, restart: { delay: 1 } });
  const { port } = await server.start();
  const reloaded = emitted(server, 'server.tlsReloaded');
  server.send({ type: 'control.tlsReload', options: renewed.pem });
  await reloaded;
  const listening = emitted(server, 'server.listening');
  (create.mock.results.at(-1)?.value as Server).emit('error', broken());
  await listening;
  const client = connect({ port, host: '127.0.0.1', ca: ca.pem.cert, servername: 'new.test' });
  await once(client, 'secureConnect');
  expect(client.getPeerCertificate().subject.CN).toBe('new.test');
  const closed = once(client, 'close');
  client.destroy();
  await closed;
});

describe('On TCP', () => {
  it('a listening socket that breaks is replaced by one on the same port, and connections go on', async () => {
    const create = jest.spyOn(net, 'createServer');
    const started = await startServer({ restart: { delay: 1 } });
    const client = await openClient(started);
    const listening = emitted(started.server, 'server.listening');
    (create.mock.results.at(-1)?.value as Server).emit('error', broken());
    expect(await listening).toEqual({ type: 'server.listening', address: '127.0.0.1', port: started.port });
    await client.send('still here');
    expect(await client.receiveText('still here')).toBe('still here');
    await openClient(started);
  });

  it('a port that somebody else has for a while is had again', async () => {
    const started = await startServer({ restart: { max: Infinity, delay: 1 } });
    started.server.send({ type: 'control.suspend' });
    const other = createServer().listen(started.port, '127.0.0.1');
    atEnd(() => other.close());
    await once(other, 'listening');
    const events = collect<{ type: string; error?: unknown }>(started.server);
    const restarting = emitted(started.server, 'server.restarting');
    started.server.send({ type: 'control.resume' });
    await restarting;
    const listening = emitted(started.server, 'server.listening');
    other.close();
    await listening;
    expect(events[0]).toMatchObject({ type: 'server.restarting', error: { code: 'EADDRINUSE', port: started.port } });
    await openClient(started);
  });
});

import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createActor, waitFor } from 'xstate';
import { connection, connectionInput, echo, type ConnectionSettings } from '../../server/index';
import { memoryNetwork } from '../../server/testing/index';
import { atEnd, connectClient, polite } from '../support/fixtures';

describe('connection', () => {
  /** A socket of a plain Node server, and its client. */
  async function accept(): Promise<{ socket: Socket; client: Awaited<ReturnType<typeof connectClient>> }> {
    const own = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    atEnd(() => own.close());
    await once(own, 'listening');
    const accepted = once(own, 'connection') as Promise<[Socket]>;
    const client = await connectClient((own.address() as { port: number }).port);
    const [socket] = await accepted;
    atEnd(() => socket.destroy());
    return { socket, client };
  }

  const serve = (
    socket: Socket,
    settings: Partial<ConnectionSettings> = {},
  ): ReturnType<typeof createActor<typeof connection>> => {
    const actor = createActor(connection, { input: connectionInput(socket, { protocol: echo, ...settings }) });
    atEnd(() => actor.stop());
    return actor.start();
  };

  it('measures its duration by its own clock', async () => {
    const network = memoryNetwork();
    const own = network.createServer({ pauseOnConnect: true }).listen(1);
    const accepted = once(own, 'connection') as Promise<[Socket]>;
    const client = network.createConnection({ port: 1 });
    const [socket] = await accepted;
    const actor = createActor(connection, { input: connectionInput(socket, { protocol: echo }), clock: network.clock });
    actor.start();
    await network.clock.advance(1_000);
    client.destroy();
    await network.clock.settled();
    expect(actor.getSnapshot().output).toMatchObject({ reason: 'peerClosed', durationMs: 1_000 });
    own.close();
  });

  it('serves a socket that one has from somewhere else, and tells how it ended', async () => {
    const { socket, client } = await accept();
    const actor = serve(socket);
    await client.send('hello');
    expect(await client.receiveText('hello')).toBe('hello');
    client.end();
    const { output } = await waitFor(actor, ({ status }) => status === 'done');
    expect(output).toEqual({ reason: 'peerClosed', bytesIn: 5, bytesOut: 5, durationMs: expect.any(Number) });
    expect(socket.destroyed).toBe(true);
  });

  it("takes control.serverShutdown, and the handler's own, as the end of all there is", async () => {
    const { socket, client } = await accept();
    const actor = serve(socket, { protocol: polite });
    actor.send({ type: 'control.serverShutdown' });
    expect((await client.receiveAll()).toString()).toBe('goodbye');
    expect((await waitFor(actor, ({ status }) => status === 'done')).output).toMatchObject({
      reason: 'handlerFinished',
    });
  });

  it('closes its socket when it is stopped', async () => {
    const { socket, client } = await accept();
    serve(socket).stop();
    expect(socket.destroyed).toBe(true);
    expect(await client.closed).toBe('clean');
  });

  it('serves the socket of a client, too', async () => {
    const own = createServer((other) => other.resume().end('hello')).listen(0, '127.0.0.1');
    atEnd(() => own.close());
    await once(own, 'listening');
    const socket = connect({ port: (own.address() as { port: number }).port, host: '127.0.0.1' });
    await once(socket, 'connect');
    const actor = serve(socket);
    expect((await waitFor(actor, ({ status }) => status === 'done')).output).toMatchObject({
      reason: 'peerClosed',
      bytesIn: 5,
    });
  });

  it('ends at once on a socket that was closed before', async () => {
    const { socket } = await accept();
    socket.destroy();
    const actor = serve(socket);
    expect((await waitFor(actor, ({ status }) => status === 'done')).output).toMatchObject({
      reason: 'reset',
      bytesIn: 0,
    });
  });

  it.each([
    ['writeTimeout', 0],
    ['lingerTimeout', -1],
    ['protocol', 'echo'],
    ['maxBufferedBytes', NaN],
    ['allowHalfOpen', 'yes'],
  ])('refuses a bad %s, and leaves the socket alone', async (option, value) => {
    const { socket, client } = await accept();
    expect(() => connectionInput(socket, { protocol: echo, [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option, value }),
    );
    expect(socket.destroyed).toBe(false);
    socket.destroy();
    await client.closed;
  });

  it('refuses to go without a protocol', async () => {
    const { socket } = await accept();
    expect(() => connectionInput(socket, {} as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'protocol', value: undefined }),
    );
    socket.destroy();
  });
});

import { describe, expect, it } from '@jest/globals';
import { createServerCore, createSingleServer, echo, InvalidOptionError } from '../../../server/index';
import { emitted } from '../../support/events';
import { Recorder } from '../../support/recorder';
import { a, encrypt, kinds, TlsServer } from '../../support/tls/tlsServers';

const answering = (): Recorder =>
  new Recorder((event, { write }) => {
    if (event.type === 'inbox') write(event.data);
  });

/** Options for a server with one place. SingleServer always has one place. */
const onePlace = (kind: string): object => (kind === 'ServerCore' ? { maxConnections: 1 } : {});

describe.each(kinds)('%s with tls, given that its last place is taken by a handshake', (kind) => {
  it('closes the next client without a word', async () => {
    const recorder = answering();
    const served = await TlsServer.start(kind, recorder.protocol, onePlace(kind));
    await served.connectRaw();
    const next = await served.connectRaw();
    await Promise.race([next.ended, next.closed]);
    expect(next.received).toHaveLength(0);
    expect(served.events.at(-1)).toMatchObject({ type: 'connection.rejected', reason: 'atCapacity' });
    expect(recorder.handlers).toHaveLength(0);
  });

  it('has a place again when the handshake has failed', async () => {
    const served = await TlsServer.start(kind, answering().protocol, onePlace(kind));
    const first = await served.connectRaw();
    first.reset();
    await served.ended();
    const next = await served.connect();
    await next.send('hello');
    expect(await next.receiveText('hello')).toBe('hello');
  });

  it('queues the next client, which shakes hands when it is its turn', async () => {
    const recorder = answering();
    const served = await TlsServer.start(kind, recorder.protocol, { ...onePlace(kind), whenBusy: 'queue' });
    const first = await served.connect();
    const waiting = await clientInQueue(served);
    const next = encrypt(waiting);
    next.socket.write('since long');
    await first.send('me');
    expect(await first.receiveText('me')).toBe('me');
    // a queued client is not read, so not even its ClientHello is answered
    expect(waiting.socket.bytesRead).toBe(0);
    expect(served.told).toEqual(['connection.opening', 'connection.opened']);
    first.end();
    expect(await next.receiveText('since long')).toBe('since long');
    expect(served.told).toEqual([
      ...['connection.opening', 'connection.opened', 'connection.closed'],
      ...['connection.opening', 'connection.opened'],
    ]);
    expect(recorder.handlers[1]?.info).toMatchObject({ id: 'connection:2', encrypted: true });
  });
});

/** Connects a client that is accepted, but has no place. */
async function clientInQueue(served: TlsServer): Promise<Awaited<ReturnType<TlsServer['connectRaw']>>> {
  const isQueued = new Promise<void>((resolve) => {
    const subscription = served.server.actor.subscribe(({ context }) => {
      if (context.queue.length === 0) return;
      subscription.unsubscribe();
      resolve();
    });
  });
  const client = await served.connectRaw({ isOpening: false });
  await isQueued;
  return client;
}

describe('busyReply', () => {
  const busyReply = 'busy\n';

  it.each([
    ['ServerCore', () => createServerCore({ protocol: echo, tls: a.pem, busyReply })],
    ['SingleServer', () => createSingleServer({ tls: a.pem, busyReply })],
  ] as const)("is no option of a %s with tls, whose clients couldn't read it", (_, create) => {
    expect(create).toThrow(InvalidOptionError);
    expect(create).toThrow('busyReply');
  });

  it('can not be configured with tls either', async () => {
    const served = await TlsServer.start('ServerCore', answering().protocol);
    const failed = emitted<{ error: unknown }>(served.server, 'server.configureFailed');
    served.server.send({ type: 'control.configure', options: { busyReply } });
    expect((await failed).error).toMatchObject({ name: 'InvalidOptionError', option: 'busyReply' });
  });

  it('is told in plain text with starttls', async () => {
    const options = { maxConnections: 1, starttls: true, busyReply };
    const served = await TlsServer.start('ServerCore', answering().protocol, options);
    await served.connectRaw();
    const next = await served.connectRaw();
    await next.ended;
    expect(String(next.received)).toBe(busyReply);
  });
});

import { describe, expect, it } from '@jest/globals';
import { fromCallback, type AnyActorLogic } from 'xstate';
import {
  createServerCore,
  echo,
  serverCore,
  setupProtocol,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
  type ServerCoreOptions,
} from '../../server/index';
import { handler, scenario } from '../../server/testing/index';
import { Client } from '../support/client';
import { bytesOf, Recorder } from '../support/recorder';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

/** Handlers that tell each client its own id first, then echo. */
const introduce = ({ id, peer, peerport, localip, localport }: ConnectionInfo): string =>
  `${JSON.stringify({ id, peer, peerport, localip, localport })}\n`;

const asLogic = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ input, emit, receive }) => {
  emit({ type: 'outbox', data: introduce(input) });
  receive((event) => {
    if (event.type === 'inbox') emit({ type: 'outbox', data: event.data });
  });
});

const asFactory = (info: ConnectionInfo): AnyActorLogic =>
  setupProtocol().createMachine({
    entry: { type: 'reply', params: { data: introduce(info) } },
    on: { inbox: { actions: 'reply' } },
  });

describe('Bytes', () => {
  describe('given 50 clients at once', () => {
    it.each([
      ['logic', asLogic],
      ['a factory function', asFactory],
    ])('gives each a handler of its own that knows its addresses, made from %s', async (_, protocol) => {
      await using s = await scenario(serverCore, { protocol });
      const all = await Promise.all(Array.from({ length: 50 }, () => s.client()));
      await Promise.all(
        all.map(async (client, n) => {
          const { localAddress, localPort, remoteAddress, remotePort } = client.socket;
          expect(JSON.parse((await client.receives(/.*\n/)).toString())).toEqual({
            ...{ id: client.id, peer: localAddress, peerport: localPort },
            ...{ localip: remoteAddress, localport: remotePort },
          });
          const text = `client ${String(n)} `.repeat(n + 1);
          await client.sends(text);
          await client.receives(text);
        }),
      );
      expect(new Set(all.map(({ id }) => id)).size).toBe(50);
      // no client gets bytes of another
      for (const client of all) await client.receivesNothing();
    });
  });

  it('travel in order and unchanged, all 256 values of them', async () => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol, {}, { split: 0.5 });
    await h.inbox(everyByte);
    expect(bytesOf(recorder.first.events)).toEqual(everyByte);
    expect(recorder.first.events.every((event) => event.type === 'inbox' && Buffer.isBuffer(event.data))).toBe(true);
    recorder.first.write(everyByte);
    await h.outbox(everyByte);
  });

  it('that are no UTF-8, or a character cut in two, are echoed as they are', async () => {
    await using h = await handler(echo);
    const [head, tail] = [Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from([0xa9, 0x80, 0x00, 0xed, 0xa0, 0x80])];
    await h.inbox(head);
    expect(await h.outbox(3)).toEqual(head);
    await h.inbox(tail);
    expect(await h.outbox(6)).toEqual(tail);
  });

  it('may be a view of a part of a larger array', async () => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol);
    recorder.first.write(new Uint8Array(everyByte).subarray(250, 253));
    recorder.first.emit({ type: 'signal.producerFinished' });
    await h.outbox(Buffer.from([250, 251, 252]));
    await h.peer.receivesNothing();
    expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: 3 });
  });

  it('that a handler writes as a string are sent as UTF-8', async () => {
    const text = 'grüß Gott, 世界 😀\0\n';
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol);
    recorder.first.write(text);
    recorder.first.emit({ type: 'signal.producerFinished' });
    await h.outbox(Buffer.from(text, 'utf8'));
    await h.peer.receivesNothing();
    expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: Buffer.byteLength(text) });
  });

  it('may be none: an empty write does nothing, and says nothing', async () => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol);
    for (const data of ['', 'a', Buffer.alloc(0), 'b', new Uint8Array(0)]) recorder.first.write(data);
    await h.outbox('ab');
    recorder.first.emit({ type: 'signal.producerFinished' });
    await h.peer.receivesNothing();
    expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 0, bytesOut: 2 });
    expect(recorder.first.events).toEqual([{ type: 'control.socketShutdown', reason: 'handlerFinished' }]);
  });

  it('may come one at a time', async () => {
    await using h = await handler(echo);
    for (const value of everyByte) {
      await h.inbox(Uint8Array.of(value));
      await h.outbox(Uint8Array.of(value));
    }
    await h.peer.ends();
    expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 256, bytesOut: 256 });
  });

  it('that a handler writes in many pieces at once keep their order', async () => {
    const pieces = Array.from({ length: 5_000 }, (_, n) => `${String(n)},`);
    const recorder = new Recorder((event, { write }) => {
      if (event.type === 'inbox') for (const [n, piece] of pieces.entries()) write(n % 2 ? piece : Buffer.from(piece));
    });
    await using h = await handler(recorder.protocol, {}, { window: 1_000 });
    await h.inbox('go');
    await h.outbox(pieces.join(''));
    await h.peer.receivesNothing();
    expect(recorder.first.controls).toEqual([{ type: 'control.noSpaceInBox' }, { type: 'control.spaceInBox' }]);
  });

  // with each setting of the system's sockets
  it.each<Partial<ServerCoreOptions>>([
    { noDelay: false },
    { noDelay: true, keepAlive: true },
    { keepAlive: false },
    { keepAlive: 1_000 },
    { noDelay: false, keepAlive: 0 },
  ])('flow on TCP with %j', async (options) => {
    await using server = createServerCore({ protocol: echo, port: 0, ...options });
    const client = await Client.connect((await server.start()).port);
    await client.send('hello');
    expect(await client.receiveText(5)).toBe('hello');
    expect(await client.end().closed).toBe('clean');
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { fromCallback, type AnyActorLogic } from 'xstate';
import {
  createServerCore,
  echo,
  setupProtocol,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
  type ServerCore,
  type ServerCoreOptions,
  type ServerEmitted,
} from '../server/index';
import { Client } from './support/client';
import { collect, emitted, eventually } from './support/events';
import { bytesOf, Recorder } from './support/recorder';

type Closed = Extract<ServerEmitted, { type: 'connection.closed' }>;
type Opened = Extract<ServerEmitted, { type: 'connection.opened' }>;

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

/** Tells each client who the handler thinks it is, then echoes. */
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

async function receiveLine(client: Client): Promise<string> {
  let line = '';
  while (!line.endsWith('\n')) line += await client.receiveText(1);
  return line;
}

describe('Bytes', () => {
  let server: ServerCore;
  const clients: Client[] = [];

  const start = async (options: Partial<ServerCoreOptions> = {}): Promise<number> => {
    server = createServerCore({ protocol: echo, port: 0, ...options });
    return (await server.start()).port;
  };
  const connect = async (port: number): Promise<Client> => {
    const client = await Client.connect(port);
    clients.push(client);
    return client;
  };

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.destroy()));
    await server.shutdown({ timeout: 0 });
  });

  describe('given 50 clients at once', () => {
    it.each([
      ['logic', asLogic],
      ['a factory function', asFactory],
    ])('gives each a handler of its own that knows its addresses, made from %s', async (_, protocol) => {
      const port = await start({ protocol });
      const opened = collect<Opened>(server, 'connection.opened');
      const all = await Promise.all(Array.from({ length: 50 }, () => connect(port)));
      const ids = await Promise.all(
        all.map(async (client, n) => {
          const { localAddress, localPort, remoteAddress, remotePort } = client.socket;
          const { id, ...addresses } = JSON.parse(await receiveLine(client)) as ConnectionInfo;
          expect(addresses).toEqual({
            peer: localAddress,
            peerport: localPort,
            localip: remoteAddress,
            localport: remotePort,
          });
          const text = `client ${String(n)} `.repeat(n + 1);
          await client.send(text);
          expect(await client.receiveText(text)).toBe(text);
          return id;
        }),
      );
      expect(new Set(ids).size).toBe(50);
      expect(opened.map(({ id }) => id).sort()).toEqual(ids.sort());
      // nothing that was another one's
      expect(all.map(({ received }) => received.length)).toEqual(all.map(() => 0));
    });
  });

  it('travel in order and unchanged, all 256 values of them', async () => {
    const recorder = new Recorder();
    const port = await start({ protocol: recorder.protocol });
    const client = await connect(port);
    await client.send(everyByte);
    await eventually(() => bytesOf(recorder.handlers[0]?.events ?? []).length === 256);
    expect(bytesOf(recorder.first.events)).toEqual(everyByte);
    expect(recorder.first.events.every((event) => event.type === 'inbox' && Buffer.isBuffer(event.data))).toBe(true);
    recorder.first.write(everyByte);
    expect(await client.receive(256)).toEqual(everyByte);
  });

  it('that are no UTF-8, or a character cut in two, are echoed as they are', async () => {
    const port = await start();
    const client = await connect(port);
    const [head, tail] = [Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from([0xa9, 0x80, 0x00, 0xed, 0xa0, 0x80])];
    await client.send(head);
    expect(await client.receive(3)).toEqual(head);
    await client.send(tail);
    expect(await client.receive(6)).toEqual(tail);
  });

  it('may be a view of a part of a larger array', async () => {
    const recorder = new Recorder();
    const port = await start({ protocol: recorder.protocol });
    const closed = emitted<Closed>(server, 'connection.closed');
    const opened = emitted(server, 'connection.opened');
    const client = await connect(port);
    await opened;
    recorder.first.write(new Uint8Array(everyByte).subarray(250, 253));
    recorder.first.emit({ type: 'signal.producerFinished' });
    client.end();
    expect(await client.receiveAll()).toEqual(Buffer.from([250, 251, 252]));
    expect(await closed).toMatchObject({ reason: 'handlerFinished', bytesOut: 3 });
  });

  it('that a handler writes as a string are sent as UTF-8', async () => {
    const text = 'grüß Gott, 世界 😀\0\n';
    const recorder = new Recorder();
    const port = await start({ protocol: recorder.protocol });
    const closed = emitted<Closed>(server, 'connection.closed');
    const opened = emitted(server, 'connection.opened');
    const client = await connect(port);
    await opened;
    recorder.first.write(text);
    recorder.first.emit({ type: 'signal.producerFinished' });
    client.end();
    expect((await client.receiveAll()).toString('utf8')).toBe(text);
    expect(await closed).toMatchObject({ reason: 'handlerFinished', bytesOut: Buffer.byteLength(text) });
  });

  it('may be none: an empty write does nothing, and says nothing', async () => {
    const recorder = new Recorder();
    const port = await start({ protocol: recorder.protocol });
    const closed = emitted<Closed>(server, 'connection.closed');
    const opened = emitted(server, 'connection.opened');
    const client = await connect(port);
    await opened;
    for (const data of ['', 'a', Buffer.alloc(0), 'b', new Uint8Array(0)]) recorder.first.write(data);
    expect(await client.receiveText(2)).toBe('ab');
    recorder.first.emit({ type: 'signal.producerFinished' });
    client.end();
    expect(await client.receiveAll()).toHaveLength(0);
    expect(await closed).toMatchObject({ reason: 'handlerFinished', bytesIn: 0, bytesOut: 2 });
  });

  it('may come one at a time', async () => {
    const port = await start();
    const closed = emitted<Closed>(server, 'connection.closed');
    const client = await connect(port);
    client.socket.setNoDelay(true);
    for (const value of everyByte) {
      await client.send(Uint8Array.of(value));
      expect(await client.receive(1)).toEqual(Buffer.from([value]));
    }
    client.end();
    expect(await client.closed).toBe('clean');
    expect(await closed).toMatchObject({ reason: 'peerClosed', bytesIn: 256, bytesOut: 256 });
  });

  it('that a handler writes in many pieces at once keep their order', async () => {
    const pieces = Array.from({ length: 5_000 }, (_, n) => `${String(n)},`);
    const recorder = new Recorder((event, { write }) => {
      if (event.type === 'inbox') for (const [n, piece] of pieces.entries()) write(n % 2 ? piece : Buffer.from(piece));
    });
    const port = await start({ protocol: recorder.protocol });
    const client = await connect(port);
    await client.send('go');
    expect(await client.receiveText(pieces.join(''))).toBe(pieces.join(''));
  });

  it.each<Partial<ServerCoreOptions>>([
    { noDelay: false },
    { noDelay: true, keepAlive: true },
    { keepAlive: false },
    { keepAlive: 1_000 },
    { noDelay: false, keepAlive: 0 },
  ])('flow with %j', async (options) => {
    const port = await start(options);
    const client = await connect(port);
    await client.send('hello');
    expect(await client.receiveText(5)).toBe('hello');
  });
});

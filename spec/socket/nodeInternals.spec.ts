import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo, type Server } from 'node:net';
import { Writable } from 'node:stream';
import { beforeDestroy, endOneTurnLater, type OutputCounters } from '../../actors/socket/nodeInternals';
import { SocketWriter } from '../../actors/socket/socketWriter';

/** Pieces of a megabyte. All together are more than the buffers of both ends hold. */
const piece = Buffer.alloc(1_000_000, 'x');
const pieces = 20;
const all = piece.length * pieces;

/** Reads a socket's property as Node does, even if something hides the property. */
const asNodeDoes = (socket: Socket, name: string): unknown => Reflect.get(Socket.prototype, name, socket) as unknown;

/** Functions that hide properties of a connected socket, as a later version of Node could. */
const hidings: Readonly<Record<string, (socket: Socket) => void>> = {
  'as it is': () => undefined,
  'without _bytesDispatched': (socket) => {
    // Node itself still has the property, under another name
    const knowing = Object.create(socket, {
      _bytesDispatched: { get: () => asNodeDoes(socket, '_bytesDispatched') },
    }) as Socket;
    Object.defineProperty(socket, 'bytesWritten', { get: () => asNodeDoes(knowing, 'bytesWritten') });
    Object.defineProperty(socket, '_bytesDispatched', { value: undefined });
  },
  'without writeQueueSize': (socket) => {
    Object.defineProperty((socket as OutputCounters)._handle, 'writeQueueSize', { value: undefined });
  },
  'without both': (socket) => {
    hidings['without _bytesDispatched']?.(socket);
    hidings['without writeQueueSize']?.(socket);
  },
};

describe('The write side of a socket', () => {
  const open: (Socket | Server)[] = [];

  afterEach(async () => {
    for (const each of open.splice(0)) {
      if ('destroySoon' in each) each.destroy();
      else await new Promise((resolve) => each.close(resolve));
    }
  });

  /** Connects a writer and its peer. The peer doesn't read yet. */
  const writing = async (hide: (socket: Socket) => void) => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const [peer] = await accepted;
    for (const each of [peer, socket]) each.on('error', () => undefined);
    open.push(peer, socket, server);
    hide(socket);
    const told: string[] = [];
    const spacious = new Promise<undefined>((resolve) => {
      const owner = {
        noSpaceInBox: () => void told.push('noSpaceInBox'),
        spaceInBox: () => {
          told.push('spaceInBox');
          resolve(undefined);
        },
      };
      writer = new SocketWriter(socket, owner);
    });
    for (let count = 0; count < pieces; count += 1) writer?.write(piece);
    return { writer: writer as unknown as SocketWriter, socket, peer, told, spacious };
  };
  let writer: SocketWriter | undefined;

  describe.each(Object.entries(hidings))('on Node %s', (_, hide) => {
    it('tells once that the kernel takes no more, and once that all has left', async () => {
      const { writer, peer, told, spacious } = await writing(hide);
      expect(told).toEqual(['noSpaceInBox']);
      expect(writer.bytesOut).toBeLessThan(all);
      expect(writer.waiting).toBe(all - writer.bytesOut);
      peer.resume();
      await spacious;
      expect(told).toEqual(['noSpaceInBox', 'spaceInBox']);
      expect(writer.bytesOut).toBe(all);
      expect(writer.waiting).toBe(0);
    });

    it('knows of a socket that was destroyed what had not left', async () => {
      const { writer, socket } = await writing(hide);
      const { bytesOut } = writer;
      socket.destroy();
      expect(writer.bytesOut).toBe(bytesOut);
      await once(socket, 'close');
      expect(writer.bytesOut).toBe(bytesOut);
    });
  });
});

describe('beforeDestroy', () => {
  it('tells once, before the stream lets go of anything', () => {
    const order: string[] = [];
    const stream = new Writable({
      destroy: (error, done) => {
        order.push('destroyed');
        done(error);
      },
    });
    for (const name of ['first', 'second']) beforeDestroy(stream, () => order.push(name));
    stream.destroy();
    expect(order).toEqual(['first', 'destroyed']);
  });

  it('leaves a stream alone that has no such method', () => {
    const stream = Object.create(null) as Writable;
    beforeDestroy(stream, () => undefined);
    expect(Object.keys(stream)).toEqual([]);
  });
});

describe('endOneTurnLater', () => {
  it('has a stream end, though not in this turn', async () => {
    const stream = new Writable({
      write: (_chunk, _encoding, done) => {
        done();
      },
      final: (done) => {
        done();
      },
    });
    endOneTurnLater(stream);
    stream.end();
    // everything that Node does in this turn is done by then
    for (let tick = 0; tick < 10; tick += 1) {
      await new Promise<void>((resolve) => {
        process.nextTick(resolve);
      });
    }
    expect(stream.writableFinished).toBe(false);
    await once(stream, 'finish');
    expect(stream.writableFinished).toBe(true);
  });

  it('leaves a stream alone that has no such method', () => {
    const stream = Object.create(null) as Writable;
    endOneTurnLater(stream);
    expect(Object.keys(stream)).toEqual([]);
  });
});

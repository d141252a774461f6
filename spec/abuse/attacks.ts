/** What hostile peers do. Each attack ends by itself, once the server has got rid of all attackers. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Ports } from './target';

/** How many clients attack. */
export interface Scale {
  readonly clients: number;
}

/** An attack on the servers on these ports. */
export type Attack = (ports: Ports, scale: Scale) => Promise<void>;

/** Resolves when the socket is closed, whichever side closed it and why. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve();
    });
  });

/** Connects many clients, at most a hundred of them at the same time. Each client attacks once it is connected. */
async function swarm(
  port: number,
  clients: number,
  act: (socket: Socket, index: number) => void,
  localAddress = '127.0.0.1',
): Promise<void> {
  const ends: Promise<void>[] = [];
  for (let index = 0; index < clients; index += 1) {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    ends.push(closed(socket));
    socket.on('connect', () => {
      act(socket, index);
    });
    if (index % 100 === 99) {
      await new Promise<void>((resolve) => {
        socket.on('connect', resolve);
        socket.on('close', resolve);
      });
    }
  }
  await Promise.all(ends);
}

const resetStorm: Attack = ({ plain }, { clients }) =>
  swarm(plain, clients, (socket) => {
    socket.write('x', () => socket.resetAndDestroy());
  });

const connectCloseStorm: Attack = ({ plain }, { clients }) =>
  swarm(plain, clients, (socket) => {
    socket.destroy();
  });

/** Each client sends 1 byte each 100 ms, which is below the server's minReceiveRate. */
const slowSenders: Attack = ({ plain }, { clients }) =>
  swarm(plain, Math.ceil(clients / 10), (socket) => {
    const timer = setInterval(() => socket.write('.'), 100);
    socket.on('close', () => {
      clearInterval(timer);
    });
    socket.resume();
  });

/** The clients send as fast as they can, and never read the answers. */
const readersThatNeverRead: Attack = ({ plain }, { clients }) =>
  swarm(plain, Math.ceil(clients / 50), (socket) => {
    socket.pause();
    socket.write(Buffer.alloc(32 * 1024 * 1024, 'x'));
  });

/** Some clients send nothing at all, others only the beginning of a ClientHello. */
const stalledHandshakes: Attack = ({ tls }, { clients }) =>
  swarm(tls, Math.ceil(clients / 2), (socket, index) => {
    socket.resume();
    if (index % 2 === 0) socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]));
  });

const garbageHandshakes: Attack = ({ tls }, { clients }) =>
  swarm(tls, Math.ceil(clients / 2), (socket, index) => {
    socket.resume();
    socket.write(index % 2 === 0 ? randomBytes(600) : 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n');
  });

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const proxyHeaders: readonly Buffer[] = [
  // headers that are cut off; then the client is silent
  Buffer.from('PROXY TCP4 192.0.2.1 192'),
  Buffer.concat([signature, Buffer.from([0x21, 0x11, 0x00])]),
  // headers larger than the limit
  Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}\r\n`),
  Buffer.concat([signature, Buffer.from([0x21, 0x11, 0xff, 0xff])]),
  // wrong ports, families and versions, and no header at all
  Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 99999 1\r\n'),
  Buffer.from('PROXY TCP4 ::1 ::1 1 1\r\n'),
  Buffer.concat([signature, Buffer.from([0x31, 0x11, 0x00, 0x0c]), Buffer.alloc(12)]),
  Buffer.from('hello\r\n'),
];

const badProxyHeaders: Attack = ({ proxied }, { clients }) =>
  swarm(proxied, Math.ceil(clients / 2), (socket, index) => {
    socket.resume();
    socket.write(proxyHeaders[index % proxyHeaders.length] ?? '');
  });

/** Good headers, from a client that is no trusted proxy. */
const forgedProxyHeaders: Attack = ({ proxied }, { clients }) =>
  swarm(
    proxied,
    Math.ceil(clients / 2),
    (socket) => {
      socket.resume();
      socket.write('PROXY TCP4 192.0.2.1 192.0.2.2 1000 1601\r\nlet me in');
    },
    '127.0.0.2',
  );

/** As many clients as can be connected leave in the same turn of the event loop. */
const massDeparture: Attack = async ({ plain }, { clients }) => {
  const sockets: Socket[] = [];
  const ends: Promise<void>[] = [];
  await new Promise<void>((resolve) => {
    let connected = 0;
    const add = (): void => {
      if (sockets.length === clients) return;
      const socket = connect({ port: plain, host: '127.0.0.1' });
      sockets.push(socket);
      ends.push(closed(socket));
      socket.on('connect', () => {
        connected += 1;
        if (connected === clients) resolve();
        add();
      });
    };
    for (let n = 0; n < 100; n += 1) add();
  });
  for (const [index, socket] of sockets.entries()) {
    if (index % 2 === 0) socket.end();
    else socket.resetAndDestroy();
    socket.resume();
  }
  await Promise.all(ends);
};

/** All attacks except the one with 10,000 clients. */
export const attacks: Readonly<Record<string, Attack>> = {
  'a storm of resets': resetStorm,
  'a storm of clients that leave as soon as they have come': connectCloseStorm,
  'senders of 1 byte each 100 ms': slowSenders,
  'readers that never read': readersThatNeverRead,
  'TLS handshakes that stall': stalledHandshakes,
  'TLS handshakes of garbage': garbageHandshakes,
  'PROXY headers that are cut off, too large, or wrong': badProxyHeaders,
  'PROXY headers that are forged': forgedProxyHeaders,
  'many clients that leave in the same instant': massDeparture,
};

/** Clients that all send their FIN as fast as they can, some of them with a last byte before it. */
export async function finFlood({ plain }: Ports, { clients }: Scale, go: Promise<unknown>): Promise<void> {
  await swarm(plain, clients, (socket, index) => {
    socket.resume();
    void go.then(() => socket.end(index % 2 === 0 ? 'x' : ''));
  });
}

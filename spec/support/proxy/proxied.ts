/** Headers and helpers for the specs of servers behind a proxy. */
import { expect } from '@jest/globals';
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { serverCore, singleServer } from '../../../server/index';
import type { Scenario, TestClient } from '../../../server/testing/index';
import { binaryHeader, ipv6Block, tlv, unixBlock } from './proxyHeaders';

/** Trusts 127.0.0.1, the address of a scenario's clients. */
export const proxyProtocol = { trusted: ['127.0.0.1'] } as const;

/** A header of version 1. */
export const textHeader = (address: string, port = 4660): Buffer => {
  const [family, to] = address.includes(':') ? ['TCP6', '2001:db8::2'] : ['TCP4', '198.51.100.2'];
  return Buffer.from(`PROXY ${family} ${address} ${to} ${String(port)} 22136\r\n`);
};

/** The header of a proxy that doesn't know its client. */
export const unknown: Buffer = Buffer.from('PROXY UNKNOWN\r\n');

/** The header of a connection that the proxy itself makes (LOCAL). */
export const local: Buffer = binaryHeader({ command: 0x20, family: 0, addresses: Buffer.alloc(0) });

const ipv4 = { peer: '192.0.2.1', peerport: 4660, localip: '198.51.100.2', localport: 22136 };
const ipv6 = { peer: '2001:db8::1', peerport: 4660, localip: '2001:db8::2', localport: 22136 };
const ipv6Addresses = ipv6Block([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2], [4660, 22136]);
const tlvs = { authority: 'www.example', others: [{ type: 0xe0, value: Buffer.from('mine') }] };

/** Good headers of all kinds, and the info that the handler gets. For `{}`, the handler's peer is the proxy. */
export const headers: readonly [string, Buffer, object][] = [
  ['version 1', textHeader('192.0.2.1'), ipv4],
  ['version 1 with IPv6', textHeader('2001:db8::1'), ipv6],
  ['version 1 that does not know', unknown, {}],
  ['version 2', binaryHeader(), ipv4],
  ['version 2 with IPv6', binaryHeader({ family: 0x21, addresses: ipv6Addresses }), ipv6],
  [
    'version 2 of a unix socket',
    binaryHeader({ family: 0x31, addresses: unixBlock('/client', '/server') }),
    { peer: '/client', peerport: 0, localip: '/server', localport: 0 },
  ],
  [
    'version 2 with more to say',
    binaryHeader({ tlvs: [tlv(0x02, 'www.example'), tlv(0xe0, 'mine')], isSummed: true }),
    { ...ipv4, proxy: expect.objectContaining({ tlvs }) as object },
  ],
  ['version 2 for the proxy itself', local, {}],
];

type Server = Scenario<typeof serverCore> | Scenario<typeof singleServer>;

/** Connects a proxy, which sends the header at once. */
export async function proxied(s: Server, header: Buffer | string): Promise<TestClient> {
  const proxy = await s.client();
  await proxy.sends(header);
  return proxy;
}

/** The server's count of connections for each peer that has any. */
export const countsOf = ({ server }: Server): Record<string, number> =>
  Object.fromEntries(server.getSnapshot().context.admission.peers);

/** The server's events about connections, as texts: `opened connection:1 192.0.2.1`, `closed connection:1 reset`. */
export const storyOf = ({ emitted }: Server): string[] =>
  emitted.flatMap((event) => {
    switch (event.type) {
      case 'connection.opening':
      case 'connection.opened':
        return [`${event.type.slice(11)} ${event.id} ${event.peer}`];
      case 'connection.rejected':
        return [`rejected ${String(event.info?.id)} ${event.reason}`];
      case 'connection.closed':
        return [`closed ${event.id} ${event.reason}`];
      default:
        return [];
    }
  });

/** Wraps a socket. `head` leaves in one packet with the first bytes that are written. */
export function withHead(raw: Socket, head: Buffer): Duplex {
  let before = head;
  const duplex = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      raw.write(Buffer.concat([before, chunk]), done);
      before = Buffer.alloc(0);
    },
    final: (done) => void raw.end(done),
    destroy: (error, done) => {
      raw.destroy();
      done(error);
    },
  });
  raw.on('data', (data) => duplex.push(data)).on('end', () => duplex.push(null));
  return duplex;
}

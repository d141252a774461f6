/** How many connections each peer has. */
import { parseIp } from '../options/ipAddress';

/**
 * The key of the peer that an address belongs to: an IPv4 address itself, or the /64 around an IPv6 address. A single
 * customer has at least that many IPv6 addresses (RFC 6177; why 64 bits: RFC 7421), and could take a new one for each
 * connection. Link-local addresses count one by one, because all neighbours share one /64.
 *
 * Undefined for the client of a unix socket, which has no address.
 */
export function peerKey(address: string): string | undefined {
  if (address === '') return undefined;
  const ip = parseIp(address);
  if (ip?.family !== 'ipv6') return ip?.text ?? address;
  const [first = 0] = ip.groups;
  if ((first & 0xffc0) === 0xfe80) return address;
  const network = ip.groups.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}

/**
 * How many connections each peer has, by {@link peerKey}; a peer without any is absent. The map changes in place:
 * with 10,000 peers, a copy for each client would cost 10,000 entries. V8 makes copies of such a Map; since keys and
 * values are no objects, those copies keep nothing alive (see `actors/registry/connections.ts`).
 */
export type PeerCounts = Map<string, number>;

/** How many connections a peer has; 0 for `undefined`, which isn't counted. */
export const countOf = (counts: PeerCounts, peer: string | undefined): number =>
  peer === undefined ? 0 : (counts.get(peer) ?? 0);

/** Counts one more connection of a peer. `undefined` isn't counted. */
export function addPeer(counts: PeerCounts, peer: string | undefined): void {
  if (peer !== undefined) counts.set(peer, countOf(counts, peer) + 1);
}

/** Counts one connection less of a peer, and forgets the peer with its last one. */
export function removePeer(counts: PeerCounts, peer: string | undefined): void {
  if (peer === undefined) return;
  const left = countOf(counts, peer) - 1;
  if (left > 0) counts.set(peer, left);
  else counts.delete(peer);
}

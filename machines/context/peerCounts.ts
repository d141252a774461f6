/** How many connections each peer has. */
import { parseIp } from '../options/ipAddress';

/**
 * What counts as one peer: an IPv4 address, or the /64 that an IPv6 address is in. A single customer has at least that
 * many addresses (RFC 6177; why 64 bits: RFC 7421), and could take a new one for each connection. Link-local addresses
 * count one by one, because all neighbours share one /64.
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
 * The connections of each peer that has any, by {@link peerKey}. It changes in place: with 10,000 peers, a copy for each
 * client would cost 10,000 entries. What is in it leads nowhere, so that the copies that V8 makes of such a Map keep
 * nothing alive (see `actors/registry/connections.ts`).
 */
export type PeerCounts = Map<string, number>;

/** How many connections a peer has; 0 for one that isn't counted. */
export const countOf = (counts: PeerCounts, peer: string | undefined): number =>
  peer === undefined ? 0 : (counts.get(peer) ?? 0);

/** Counts one more of a peer, unless it isn't counted. */
export function addPeer(counts: PeerCounts, peer: string | undefined): void {
  if (peer !== undefined) counts.set(peer, countOf(counts, peer) + 1);
}

/** Counts one less of a peer, and forgets it with its last. */
export function removePeer(counts: PeerCounts, peer: string | undefined): void {
  if (peer === undefined) return;
  const left = countOf(counts, peer) - 1;
  if (left > 0) counts.set(peer, left);
  else counts.delete(peer);
}

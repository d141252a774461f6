import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addPeer, countOf, peerKey, removePeer, type PeerCounts } from '../../../machines/context/peerCounts';

describe('One peer', () => {
  it.each([
    ['one IPv4 address', '192.0.2.1', '192.0.2.1'],
    ['an IPv4-mapped address and that address', '::ffff:192.0.2.1', '192.0.2.1'],
    ['the addresses of a /64', '2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['two ways to write one address', '2001:DB8::1', '2001:0db8:0:0:0:0:0:1'],
    ['the addresses of a /64 right below fe80::/10', 'fe7f:ffff:ffff:ffff::1', 'fe7f:ffff:ffff:ffff::2'],
    ['the addresses of a /64 right above fe80::/10', 'fec0::1', 'fec0::2'],
  ])('is %s', (_, one, other) => {
    expect(peerKey(one)).toBe(peerKey(other));
    expect(peerKey(one)).toBeDefined();
  });

  it.each([
    ['two IPv4 addresses', '192.0.2.1', '192.0.2.2'],
    ['two IPv4-mapped addresses', '::ffff:192.0.2.1', '::ffff:192.0.2.2'],
    ['two /64s', '2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['two neighbours on a link', 'fe80::1%eth0', 'fe80::2%eth0'],
    ['two links', 'fe80::1%eth0', 'fe80::1%eth1'],
    ['two neighbours in the last network of fe80::/10', 'febf:ffff:ffff:ffff::1', 'febf:ffff:ffff:ffff::2'],
  ])('is not %s', (_, one, other) => {
    expect(peerKey(one)).not.toBe(peerKey(other));
  });

  it('tells which it is', () => {
    expect(peerKey('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(peerKey('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(peerKey('something else')).toBe('something else');
  });

  it('is none on a unix socket', () => {
    expect(peerKey('')).toBeUndefined();
  });
});

describe('The counts of peers', () => {
  it('count each peer by itself', () => {
    const counts: PeerCounts = new Map();
    for (const peer of ['a', 'b', 'a']) addPeer(counts, peer);
    expect([countOf(counts, 'a'), countOf(counts, 'b'), countOf(counts, 'c')]).toEqual([2, 1, 0]);
    removePeer(counts, 'a');
    expect([countOf(counts, 'a'), countOf(counts, 'b')]).toEqual([1, 1]);
  });

  it('have nothing of a peer that has left', () => {
    const counts: PeerCounts = new Map();
    for (const peer of ['a', 'a', 'b']) addPeer(counts, peer);
    for (const peer of ['a', 'a', 'b', 'c']) removePeer(counts, peer);
    expect(counts.size).toBe(0);
  });

  it('leave out who has no address', () => {
    const counts: PeerCounts = new Map();
    addPeer(counts, undefined);
    expect(countOf(counts, undefined)).toBe(0);
    expect(counts.size).toBe(0);
  });

  it('are as many as came and have not left, whatever the order', () => {
    const peers = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()));
    fc.assert(
      fc.property(peers, (moves) => {
        const counts: PeerCounts = new Map();
        const here: string[] = [];
        for (const [peer, comes] of moves) {
          if (comes) here.push(peer);
          else if (here.includes(peer)) here.splice(here.indexOf(peer), 1);
          (comes ? addPeer : removePeer)(counts, peer);
        }
        for (const peer of 'abc') expect(countOf(counts, peer)).toBe(here.filter((one) => one === peer).length);
        expect(counts.size).toBe(new Set(here).size);
      }),
    );
  });
});

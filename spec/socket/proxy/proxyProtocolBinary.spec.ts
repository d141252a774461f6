import { describe, expect, it } from '@jest/globals';
import { parseProxyHeader } from '../../../actors/socket/proxyProtocol/parseProxyHeader';
import {
  binaryHeader,
  ipv6Block,
  parseWhole,
  refusal,
  signature,
  tlv,
  unixBlock,
} from '../../support/proxy/proxyHeaders';

const local = 0x20;
const nothing = Buffer.alloc(0);
const unknown = { version: 2, command: 'PROXY', transport: 'unknown', tlvs: { others: [] } };

/** The first 16 bytes of a header, which give its length. */
const beginning = (length: number, command = 0x21, family = 0x11): Buffer =>
  Buffer.from([...signature, command, family, (length - 16) >> 8, (length - 16) & 0xff]);

describe('A PROXY header of version 2', () => {
  it('tells both ends of TCP over IPv4', () => {
    expect(parseWhole(binaryHeader())).toEqual({
      version: 2,
      command: 'PROXY',
      transport: 'tcp4',
      source: { address: '192.0.2.1', port: 0x1234 },
      destination: { address: '198.51.100.2', port: 0x5678 },
      tlvs: { others: [] },
      length: 28,
    });
  });

  it('tells both ends of TCP over IPv6', () => {
    const addresses = ipv6Block([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 1], [65535, 0]);
    expect(parseWhole(binaryHeader({ family: 0x21, addresses }))).toMatchObject({
      transport: 'tcp6',
      source: { address: '2001:db8::1', port: 65535 },
      destination: { address: '::1', port: 0 },
      length: 52,
    });
  });

  it.each([
    [[0, 0, 0, 0, 0, 0, 0, 0], '::'],
    [[0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201], '::ffff:192.0.2.1'],
    [[0xabcd, 0xef, 0, 0, 1, 0, 0, 0x10], 'abcd:ef::1:0:0:10'],
    [[0xfe80, 0, 0, 0, 0, 0, 0, 0], 'fe80::'],
  ])('writes IPv6 as Node does: %j', (words, address) => {
    const addresses = ipv6Block(words, [1, 2, 3, 4, 5, 6, 7, 8], [1, 2]);
    const { source, destination } = parseWhole(binaryHeader({ family: 0x21, addresses }));
    expect(source?.address).toBe(address);
    expect(destination?.address).toBe('1:2:3:4:5:6:7:8');
  });

  it.each([
    ['/run/app.sock', '/run/proxy.sock'],
    ['', '\0abstract'],
    ['p'.repeat(108), 'ü/\u{1f600}'],
  ])('tells both paths of a unix socket: %j and %j', (source, destination) => {
    expect(parseWhole(binaryHeader({ family: 0x31, addresses: unixBlock(source, destination) }))).toMatchObject({
      transport: 'unix',
      source: { address: source, port: 0 },
      destination: { address: destination, port: 0 },
      length: 232,
    });
  });

  it('ends a path at its first NUL', () => {
    const { source } = parseWhole(binaryHeader({ family: 0x31, addresses: unixBlock('/run/a\0b', '') }));
    expect(source?.address).toBe('/run/a');
  });

  it.each([
    ['an unspecified family', 0x00, nothing],
    ['an unspecified family over a stream', 0x01, nothing],
    ['an unspecified transport', 0x10, undefined],
    ['UDP over IPv4', 0x12, undefined],
    ['UDP over IPv6', 0x22, Buffer.alloc(36, 1)],
    ['datagrams of a unix socket', 0x32, unixBlock('/a', '/b')],
  ])('ignores the addresses of %s, but not what follows them', (_, family, addresses) => {
    const tlvs = [tlv(0x02, 'example.org')];
    const header = binaryHeader({ family, tlvs, ...(addresses && { addresses }) });
    const expected = { ...unknown, tlvs: { authority: 'example.org', others: [] }, length: header.length };
    expect(parseWhole(header)).toEqual(expected);
  });

  it.each([
    ['nothing', 0x00, nothing],
    ['addresses', 0x11, undefined],
    ['too few addresses', 0x21, Buffer.alloc(3)],
    ['a family that there is none of', 0xff, Buffer.alloc(5)],
    ['a wrong checksum', 0x00, tlv(0x03, 'abcd')],
    ['what is no TLV', 0x00, Buffer.from([1, 255, 255, 0])],
  ])('discards all of a LOCAL one that has %s', (_, family, addresses) => {
    const header = binaryHeader({ command: local, family, ...(addresses && { addresses }) });
    expect(parseWhole(header)).toEqual({ ...unknown, command: 'LOCAL', length: header.length });
  });

  it('is refused at the first byte of its signature that is wrong', () => {
    for (let at = 1; at < signature.length; at += 1) {
      const forged = binaryHeader();
      forged[at] = 0x58;
      const problem = 'it begins like version 2, but not with the whole signature';
      expect(refusal(forged)).toEqual({ after: at + 1, problem });
    }
  });

  it.each([
    ['another version', { command: 0x31 }, 13, 'there is no version 3'],
    ['another version, LOCAL', { command: 0x10 }, 13, 'there is no version 1'],
    ['another command', { command: 0x22 }, 13, 'there is no command 0x02'],
    ['another command, LOCAL', { command: 0x2f }, 13, 'there is no command 0x0f'],
    ['another family', { family: 0x41 }, 14, 'there is no address family 0x04'],
    ['another transport', { family: 0x13 }, 14, 'there is no transport 0x03'],
    ['another transport, without a family', { family: 0x0f }, 14, 'there is no transport 0x0f'],
    ['no room for IPv4', { addresses: Buffer.alloc(11) }, 16, '11 bytes are too few for its addresses, which take 12'],
    [
      'no room for IPv6',
      { family: 0x21, addresses: Buffer.alloc(35) },
      16,
      '35 bytes are too few for its addresses, which take 36',
    ],
    [
      'no room for UDP',
      { family: 0x12, addresses: nothing },
      16,
      '0 bytes are too few for its addresses, which take 12',
    ],
    [
      'no room for paths',
      { family: 0x31, addresses: Buffer.alloc(215) },
      16,
      '215 bytes are too few for its addresses, which take 216',
    ],
  ])('is refused as soon as it shows %s', (_, parts, after, problem) => {
    expect(refusal(binaryHeader(parts))).toEqual({ after, problem });
  });

  it('may have 4096 bytes, and is refused at its length if that says more', () => {
    const room = 4096 - binaryHeader().length - 3;
    expect(parseWhole(binaryHeader({ tlvs: [tlv(0x04, Buffer.alloc(room))] })).length).toBe(4096);
    const problem = 'it has 4097 bytes, where at most 4096 are allowed';
    expect(refusal(beginning(4097))).toEqual({ after: 16, problem });
    expect(refusal(beginning(4097, local))).toEqual({ after: 16, problem });
    expect(refusal(binaryHeader({ tlvs: [tlv(0x04, Buffer.alloc(room + 1))] })).after).toBe(16);
  });

  it('may have as many bytes as one says', () => {
    const longest = beginning(65_551);
    expect(parseProxyHeader(longest, { maxBytes: 65_551 })).toBeUndefined();
    expect(refusal(longest, { maxBytes: 65_550 }).after).toBe(16);
    expect(parseWhole(binaryHeader(), { maxBytes: 28 }).length).toBe(28);
    expect(refusal(binaryHeader(), { maxBytes: 27 })).toEqual({
      after: 16,
      problem: 'it has 28 bytes, where at most 27 are allowed',
    });
  });
});

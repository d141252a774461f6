import { describe, expect, it } from '@jest/globals';
import { crc32c } from '../../../actors/socket/proxyProtocol/crc32c';
import { parseProxyHeader } from '../../../actors/socket/proxyProtocol/parseProxyHeader';
import type { ProxyTlvs } from '../../../machines/vocabulary/proxyHeader';
import { hex } from '../../../actors/socket/proxyProtocol/proxyHeaderError';
import { binaryHeader, checksum, parseWhole, refusal, sslTlv, tlv } from '../../support/proxy/proxyHeaders';

const tlvsOf = (...tlvs: Buffer[]): ProxyTlvs => parseWhole(binaryHeader({ tlvs })).tlvs;

/** What is wrong with TLVs. It must show only once the whole header is there. */
function problemOf(...tlvs: Buffer[]): string {
  const header = binaryHeader({ tlvs });
  const { after, problem } = refusal(header);
  expect(after).toBe(header.length);
  return problem;
}

describe('The additions to a PROXY header', () => {
  it('tell the protocol, the host name, the id and the namespace', () => {
    const tlvs = [tlv(0x01, 'h2'), tlv(0x02, 'bücher.example'), tlv(0x05, 'request 7'), tlv(0x30, 'blue')];
    const expected = {
      alpn: 'h2',
      authority: 'bücher.example',
      uniqueId: Buffer.from('request 7'),
      netns: 'blue',
      others: [],
    };
    expect(tlvsOf(...tlvs)).toEqual(expected);
    expect(tlvsOf(...tlvs.reverse())).toEqual(expected);
  });

  it('may be empty', () => {
    const tlvs = [0x01, 0x02, 0x05, 0x30, 0xe0].map((type) => tlv(type, ''));
    const none = Buffer.alloc(0);
    const others = [{ type: 0xe0, value: none }];
    expect(tlvsOf(...tlvs)).toEqual({ alpn: '', authority: '', uniqueId: none, netns: '', others });
  });

  it('keep each byte of a protocol, and replace what is no UTF-8 in a host name', () => {
    const bytes = Buffer.from([0x02, 0xff, 0x00]);
    expect(tlvsOf(tlv(0x01, bytes), tlv(0x02, bytes))).toMatchObject({
      alpn: '\u0002\u00ff\0',
      authority: '\u0002\ufffd\0',
    });
  });

  it('keep all others as they came, in their order', () => {
    const values = [0xea, 0x00, 0x21, 0xff, 0xea].map((type, n) => ({ type, value: Buffer.alloc(n, type) }));
    expect(tlvsOf(...values.map(({ type, value }) => tlv(type, value)))).toEqual({ others: values });
  });

  it('keep nothing of the buffer that they came in', () => {
    const bytes = binaryHeader({ tlvs: [tlv(0x05, 'id'), tlv(0xe0, 'other'), sslTlv(1, 0, tlv(0x28, 'inner'))] });
    const { uniqueId, others, ssl } = parseProxyHeader(bytes)?.tlvs ?? { others: [] };
    bytes.fill(0);
    expect([uniqueId, others[0]?.value, ssl?.others[0]?.value].map(String)).toEqual(['id', 'other', 'inner']);
  });

  it('may be padded', () => {
    const paddings = [tlv(0x04, ''), tlv(0x04, Buffer.alloc(300, 0xff))];
    expect(tlvsOf(...paddings, tlv(0x01, 'h2'), ...paddings)).toEqual({ alpn: 'h2', others: [] });
  });

  it('have an id of at most 128 bytes', () => {
    expect(tlvsOf(tlv(0x05, Buffer.alloc(128, 1))).uniqueId).toEqual(Buffer.alloc(128, 1));
    expect(problemOf(tlv(0x05, Buffer.alloc(129)))).toBe('the unique id has 129 bytes, where at most 128 are allowed');
  });

  it.each([0x01, 0x02, 0x05, 0x20, 0x30])('have one of type %i at most', (type) => {
    const one = type === 0x20 ? sslTlv(0, 0) : tlv(type, 'x');
    expect(problemOf(one, tlv(0x04, ''), one)).toBe(`there are two TLVs of type ${hex(type)}`);
  });

  it('are refused if they are cut off, wherever that is', () => {
    const whole = Buffer.concat([tlv(0x01, 'h2'), tlv(0xe0, 'custom')]);
    for (let length = 1; length < whole.length; length += 1) {
      if (length === 5) continue;
      const type = length < 5 ? '0x01' : '0xe0';
      expect(problemOf(whole.subarray(0, length))).toBe(`the TLV of type ${type} is cut off`);
    }
    expect(problemOf(Buffer.from([0x04, 0xff, 0xff]))).toBe('the TLV of type 0x04 is cut off');
  });
});

describe('The checksum of a PROXY header', () => {
  // RFC 3720, appendix B.4, and the check value of CRC-32C in catalogues of checksums
  it.each([
    [Buffer.from('123456789'), 0xe3069283],
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, n) => n)), 0x46dd794e],
    [Buffer.alloc(0), 0],
  ])('is CRC-32C: of %j', (bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum);
  });

  it('is right, and leaves no trace', () => {
    expect(parseWhole(binaryHeader({ tlvs: [tlv(0x01, 'h2')], isSummed: true })).tlvs).toEqual({
      alpn: 'h2',
      others: [],
    });
    expect(parseWhole(binaryHeader({ family: 0, addresses: Buffer.alloc(0), isSummed: true })).tlvs).toEqual({
      others: [],
    });
  });

  it('leaves the bytes as they came', () => {
    const header = binaryHeader({ isSummed: true });
    const before = Buffer.from(header);
    parseWhole(header);
    expect(header).toEqual(before);
  });

  it('is wrong if a single bit of the header is', () => {
    const header = binaryHeader({ tlvs: [tlv(0xe0, 'custom')], isSummed: true });
    // in the addresses, the value and the sum; a changed type or length could turn the checksum into another TLV
    const bytes = [...header.keys()].filter((at) => (at >= 16 && at < 28) || (at >= 31 && at < 37) || at >= 40);
    for (const bit of bytes.flatMap((at) => Array.from({ length: 8 }, (_, bit) => at * 8 + bit))) {
      const forged = Buffer.from(header);
      forged.writeUInt8(forged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(refusal(forged)).toEqual({ after: header.length, problem: 'its checksum is wrong' });
    }
  });

  it('is there once at most', () => {
    const header = binaryHeader({ tlvs: [tlv(0x03, Buffer.alloc(4)), tlv(0x03, 'abcd')] });
    header.writeUInt32BE(checksum(header), 31);
    expect(refusal(header).problem).toBe('there are two TLVs of type 0x03');
  });

  it.each([0, 3, 5])('has 4 bytes, not %i', (length) => {
    expect(problemOf(tlv(0x03, Buffer.alloc(length)))).toBe(`the checksum has ${String(length)} bytes, not 4`);
  });
});

describe('What a PROXY header adds about SSL', () => {
  const off = {
    encrypted: false,
    certificateInConnection: false,
    certificateInSession: false,
    verified: false,
    verify: 0,
    others: [],
  };

  it('tells of the connection and its certificates', () => {
    const inner = [
      tlv(0x21, 'TLSv1.3'),
      tlv(0x22, 'Zoë'),
      tlv(0x23, 'TLS_AES_256_GCM_SHA384'),
      tlv(0x24, 'RSA-SHA256'),
      tlv(0x25, 'RSA2048'),
      tlv(0x28, 'a certificate'),
      tlv(0x01, 'not one of these'),
    ];
    expect(tlvsOf(sslTlv(7, 0, ...inner)).ssl).toEqual({
      encrypted: true,
      certificateInConnection: true,
      certificateInSession: true,
      verified: true,
      verify: 0,
      version: 'TLSv1.3',
      commonName: 'Zoë',
      cipher: 'TLS_AES_256_GCM_SHA384',
      signatureAlgorithm: 'RSA-SHA256',
      keyAlgorithm: 'RSA2048',
      others: [
        { type: 0x28, value: Buffer.from('a certificate') },
        { type: 0x01, value: Buffer.from('not one of these') },
      ],
    });
  });

  it.each([
    [0, 0, {}],
    [1, 0, { encrypted: true }],
    [2, 0, { certificateInConnection: true, verified: true }],
    [4, 0, { certificateInSession: true, verified: true }],
    [7, 0, { encrypted: true, certificateInConnection: true, certificateInSession: true, verified: true }],
    [7, 10, { encrypted: true, certificateInConnection: true, certificateInSession: true, verify: 10 }],
    [1, 0xfffffffe, { encrypted: true, verify: 0xfffffffe }],
    // bits that have no meaning yet
    [0xf8, 0, {}],
  ])('has flags %i and result %i', (client, verify, expected) => {
    expect(tlvsOf(sslTlv(client, verify)).ssl).toEqual({ ...off, ...expected });
  });

  it('is refused if it is cut off', () => {
    for (let length = 0; length < 5; length += 1) {
      expect(problemOf(tlv(0x20, Buffer.alloc(length)))).toBe('the TLV about SSL is cut off');
    }
    const version = tlv(0x21, 'TLSv1.3');
    for (let length = 1; length < version.length; length += 1) {
      const problem = problemOf(sslTlv(1, 0, version.subarray(0, length)), tlv(0x04, Buffer.alloc(100)));
      expect(problem).toBe('the TLV of type 0x21 is cut off');
    }
  });

  it.each([0x21, 0x22, 0x23, 0x24, 0x25])('tells of type %i once at most', (type) => {
    const one = tlv(type, 'x');
    expect(problemOf(sslTlv(1, 0, one, one))).toBe(`there are two TLVs of type ${hex(type)}`);
  });
});

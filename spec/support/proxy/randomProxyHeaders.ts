/** PROXY headers at random, for fast-check. */
import fc from 'fast-check';
import type { ProxyEndpoint, ProxyHeader } from '../../../machines/vocabulary/proxyHeader';
import { binaryHeader, ipv6Block, signature, sslTlv, tlv } from './proxyHeaders';

/** A header, and the result that the parser must give for it. */
export interface KnownHeader {
  readonly bytes: Buffer;
  readonly said: Omit<ProxyHeader, 'length'>;
}

const port = fc.nat(65_535);
const words = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
const buffer = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));

const ends4 = fc.tuple(fc.ipV4(), fc.ipV4(), port, port).map(([from, to, fromPort, toPort]) => [
  { address: from, port: fromPort },
  { address: to, port: toPort },
]) as fc.Arbitrary<[ProxyEndpoint, ProxyEndpoint]>;

const text: fc.Arbitrary<KnownHeader> = fc.oneof(
  fc
    .oneof(
      fc.tuple(fc.constant('tcp4' as const), fc.ipV4(), fc.ipV4(), port, port),
      fc.tuple(fc.constant('tcp6' as const), fc.ipV6(), fc.ipV6(), port, port),
    )
    .filter((fields) => fields.join(' ').length <= 99)
    .map(([protocol, from, to, fromPort, toPort]): KnownHeader => ({
      bytes: Buffer.from(`PROXY ${[protocol.toUpperCase(), from, to, fromPort, toPort].join(' ')}\r\n`),
      said: {
        version: 1,
        command: 'PROXY',
        transport: protocol,
        source: { address: from, port: fromPort },
        destination: { address: to, port: toPort },
        tlvs: { others: [] },
      },
    })),
  fc
    .string({ unit: 'binary-ascii', maxLength: 91 })
    .filter((rest) => !rest.includes('\r'))
    .map((rest): KnownHeader => ({
      bytes: Buffer.from(`PROXY UNKNOWN ${rest}\r\n`),
      said: { version: 1, command: 'PROXY', transport: 'unknown', tlvs: { others: [] } },
    })),
);

const additions = fc.record(
  {
    alpn: fc.string({ maxLength: 9 }),
    authority: fc.domain(),
    uniqueId: buffer(128),
    netns: fc.string({ maxLength: 9 }),
    ssl: fc.record({ client: fc.nat(7), verify: fc.nat(0xffff), version: fc.string({ maxLength: 9 }) }),
    others: fc.array(fc.record({ type: fc.integer({ min: 0xe0, max: 0xff }), value: buffer(50) }), { maxLength: 4 }),
  },
  { requiredKeys: ['others'] },
);

/** TLVs in any order, and the result that the parser must give for them. */
const tlvs = additions
  .map(({ alpn, authority, uniqueId, netns, ssl, others }) => {
    const bytes = [
      ...(alpn === undefined ? [] : [tlv(0x01, alpn)]),
      ...(authority === undefined ? [] : [tlv(0x02, authority)]),
      ...(uniqueId === undefined ? [] : [tlv(0x05, uniqueId)]),
      ...(netns === undefined ? [] : [tlv(0x30, netns)]),
      ...(ssl === undefined ? [] : [sslTlv(ssl.client, ssl.verify, tlv(0x21, ssl.version))]),
      // the parser keeps the order of these TLVs
      Buffer.concat(others.flatMap(({ type, value }) => [tlv(type, value), tlv(0x04, value)])),
    ];
    const said = {
      ...{ alpn, authority, uniqueId, netns, others },
      ssl: ssl && {
        encrypted: (ssl.client & 1) === 1,
        certificateInConnection: (ssl.client & 2) === 2,
        certificateInSession: (ssl.client & 4) === 4,
        verified: ssl.verify === 0 && ssl.client >= 2,
        verify: ssl.verify,
        version: ssl.version,
        others: [],
      },
    };
    return { bytes, said };
  })
  .chain(({ bytes, said }) =>
    fc
      .shuffledSubarray(bytes, { minLength: bytes.length })
      .map((bytes) => ({ bytes, said: said as ProxyHeader['tlvs'] })),
  );

const wordsToText = (words: readonly number[]): string => words.map((word) => word.toString(16)).join(':');

const binary: fc.Arbitrary<KnownHeader> = fc
  .tuple(
    fc.oneof(
      ends4.map(([source, destination]) => {
        const block = Buffer.from([...source.address.split('.'), ...destination.address.split('.')].map(Number));
        const ports = Buffer.alloc(4);
        ports.writeUInt16BE(source.port, 0);
        ports.writeUInt16BE(destination.port, 2);
        const addresses = Buffer.concat([block, ports]);
        return { family: 0x11, addresses, ends: { transport: 'tcp4', source, destination } as const };
      }),
      fc.tuple(words, words, port, port).map(([from, to, fromPort, toPort]) => {
        const source = { address: wordsToText(from), port: fromPort };
        const destination = { address: wordsToText(to), port: toPort };
        const addresses = ipv6Block(from, to, [fromPort, toPort]);
        return { family: 0x21, addresses, ends: { transport: 'tcp6', source, destination } as const };
      }),
      fc.constant({ family: 0, addresses: Buffer.alloc(0), ends: { transport: 'unknown' } as const }),
    ),
    tlvs,
    fc.boolean(),
  )
  .map(([{ family, addresses, ends }, { bytes, said }, isSummed]) => ({
    bytes: binaryHeader({ family, addresses, tlvs: bytes, isSummed }),
    said: { version: 2, command: 'PROXY', ...ends, tlvs: said },
  }));

const local: fc.Arbitrary<KnownHeader> = fc.tuple(fc.nat(255), buffer(300)).map(([family, addresses]) => ({
  bytes: binaryHeader({ command: 0x20, family, addresses }),
  said: { version: 2, command: 'LOCAL', transport: 'unknown', tlvs: { others: [] } },
}));

/** Any good header, except those for unix sockets. */
export const known: fc.Arbitrary<KnownHeader> = fc.oneof(text, binary, local);

/** Good headers with random TLVs: known types, random values, and the last TLV may be cut off. */
export const oddAdditions: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(0x01, 0x02, 0x03, 0x04, 0x05, 0x20, 0x30, 0xe0), buffer(12)), { minLength: 1 }),
    fc.nat(14),
  )
  .map(([tlvs, cut]) => {
    const block = Buffer.concat(tlvs.map(([type, value]) => tlv(type, value)));
    return binaryHeader({ tlvs: [block.subarray(0, Math.max(0, block.length - cut))] });
  });

/** Random bytes, which mostly begin like a header. */
export const bytes: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom<Uint8Array[]>(
      Buffer.alloc(0),
      Buffer.from('PROXY TCP4 '),
      Buffer.from('PROXY TCP6 '),
      Buffer.from('PROXY UNKNOWN '),
      signature,
      Buffer.from([...signature, 0x21, 0x11, 0]),
      Buffer.from([...signature, 0x21, 0x21, 0]),
      Buffer.from([...signature, 0x21, 0x00, 0]),
    ),
    fc.oneof(
      buffer(300),
      fc.stringMatching(/^[0-9a-f:. \r\n]{0,200}$/).map((text) => Buffer.from(text)),
    ),
  )
  .map((parts) => Buffer.concat(parts));

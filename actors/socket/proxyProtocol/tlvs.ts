/**
 * The TLVs (type, length, value) that version 2 may add to the addresses:
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, sections 2.2.1 to 2.2.8.
 */
import { crc32c } from './crc32c';
import type { ProxySsl, ProxyTlv, ProxyTlvs } from '../../../machines/vocabulary/proxyHeader';
import { ProxyHeaderError, hex } from './proxyHeaderError';

type Draft<T> = { -readonly [Key in keyof T]: T[Key] };

const types = {
  alpn: 0x01,
  authority: 0x02,
  crc32c: 0x03,
  noop: 0x04,
  uniqueId: 0x05,
  ssl: 0x20,
  netns: 0x30,
} as const;
const single: ReadonlySet<number> = new Set(Object.values(types).filter((type) => type !== types.noop));

const sslTexts = {
  0x21: 'version',
  0x22: 'commonName',
  0x23: 'cipher',
  0x24: 'signatureAlgorithm',
  0x25: 'keyAlgorithm',
} as const satisfies Readonly<Record<number, keyof ProxySsl>>;
const singleInSsl: ReadonlySet<number> = new Set(Object.keys(sslTexts).map(Number));

/** The text of opaque bytes, or of US-ASCII. */
const latin1 = (value: Buffer): string => value.toString('latin1');

/**
 * Reads the TLVs of a header.
 * @param header - the whole header, from its signature to its end
 * @param start - where in the header the first TLV begins
 * @throws {@link ProxyHeaderError}
 */
export function parseTlvs(header: Buffer, start: number): ProxyTlvs {
  const others: ProxyTlv[] = [];
  const tlvs: Draft<ProxyTlvs> = { others };
  for (const { type, value } of split(header.subarray(start), single)) {
    switch (type) {
      case types.alpn:
        tlvs.alpn = latin1(value);
        break;
      case types.authority:
        tlvs.authority = value.toString();
        break;
      case types.crc32c:
        verifyChecksum(header, value);
        break;
      case types.noop:
        break;
      case types.uniqueId:
        if (value.length > 128) {
          throw new ProxyHeaderError(`the unique id has ${String(value.length)} bytes, where at most 128 are allowed`);
        }
        tlvs.uniqueId = Buffer.from(value);
        break;
      case types.ssl:
        tlvs.ssl = parseSsl(value);
        break;
      case types.netns:
        tlvs.netns = latin1(value);
        break;
      default:
        others.push(kept(type, value));
    }
  }
  return tlvs;
}

function parseSsl(value: Buffer): ProxySsl {
  const [client] = value;
  if (client === undefined || value.length < 5) throw new ProxyHeaderError('the TLV about SSL is cut off');
  const certificateInConnection = (client & 2) !== 0;
  const certificateInSession = (client & 4) !== 0;
  const verify = value.readUInt32BE(1);
  const others: ProxyTlv[] = [];
  const ssl: Draft<ProxySsl> = {
    encrypted: (client & 1) !== 0,
    certificateInConnection,
    certificateInSession,
    verified: verify === 0 && (certificateInConnection || certificateInSession),
    verify,
    others,
  };
  for (const { type, value: text } of split(value.subarray(5), singleInSsl)) {
    if (isSslText(type)) {
      const name = sslTexts[type];
      ssl[name] = name === 'commonName' ? text.toString() : latin1(text);
    } else others.push(kept(type, text));
  }
  return ssl;
}

const isSslText = (type: number): type is keyof typeof sslTexts => singleInSsl.has(type);

/** A TLV that keeps a copy of its bytes: a part of the connection's buffer would keep the whole buffer in memory. */
const kept = (type: number, value: Buffer): ProxyTlv => ({ type, value: Buffer.from(value) });

/**
 * Splits bytes into TLVs.
 * @param single - the types that may come only once: of two host names, each reader might choose another one
 */
function* split(bytes: Buffer, single: ReadonlySet<number>): Generator<ProxyTlv, void, undefined> {
  const seen = new Set<number>();
  for (let at = 0; at < bytes.length;) {
    const [type = 0] = bytes.subarray(at);
    const start = at + 3;
    const end = start <= bytes.length ? start + bytes.readUInt16BE(at + 1) : Infinity;
    if (end > bytes.length) throw new ProxyHeaderError(`the TLV of type ${hex(type)} is cut off`);
    if (single.has(type)) {
      if (seen.has(type)) throw new ProxyHeaderError(`there are two TLVs of type ${hex(type)}`);
      seen.add(type);
    }
    yield { type, value: bytes.subarray(start, end) };
    at = end;
  }
}

/** The checksum is that of the whole header, with zeros in the place of the checksum itself (2.2.3). */
function verifyChecksum(header: Buffer, value: Buffer): void {
  if (value.length !== 4) throw new ProxyHeaderError(`the checksum has ${String(value.length)} bytes, not 4`);
  const at = value.byteOffset - header.byteOffset;
  if (crc32c(Buffer.from(header).fill(0, at, at + 4)) !== value.readUInt32BE()) {
    throw new ProxyHeaderError('its checksum is wrong');
  }
}

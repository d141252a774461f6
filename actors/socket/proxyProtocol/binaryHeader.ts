/**
 * Version 2 of the PROXY header, in binary: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, section 2.2.
 */
import { canonicalIPv6 } from './addresses';
import type { ProxyEndpoint, ProxyHeader } from '../../../machines/vocabulary/proxyHeader';
import { ProxyHeaderError, hex } from './proxyHeaderError';
import { parseTlvs } from './tlvs';

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n');

/** The signature, the version with the command, the family with the transport, and the length of the rest. */
const fixedLength = 16;

/**
 * Reads a header of version 2.
 * @param bytes - all that the connection has received so far
 * @param maxBytes - how many bytes the header may have
 * @returns the header, or `undefined` while more bytes must come
 * @throws {@link ProxyHeaderError}
 */
export function parseBinaryHeader(bytes: Buffer, maxBytes: number): ProxyHeader | undefined {
  const known = Math.min(bytes.length, signature.length);
  if (bytes.compare(signature, 0, known, 0, known) !== 0) {
    throw new ProxyHeaderError('it begins like version 2, but not with the whole signature');
  }
  const [versionAndCommand, familyAndTransport] = bytes.subarray(signature.length, signature.length + 2);
  if (versionAndCommand === undefined) return undefined;
  const command = readCommand(versionAndCommand);
  if (familyAndTransport === undefined) return undefined;
  // the addresses and the family of a LOCAL header are ignored
  const family = command === 'LOCAL' ? unspecified : readFamily(familyAndTransport);
  if (bytes.length < fixedLength) return undefined;
  const length = fixedLength + bytes.readUInt16BE(fixedLength - 2);
  if (length > maxBytes) {
    throw new ProxyHeaderError(`it has ${String(length)} bytes, where at most ${String(maxBytes)} are allowed`);
  }
  const tlvs = fixedLength + family.length;
  if (length < tlvs) {
    const room = String(length - fixedLength);
    throw new ProxyHeaderError(`${room} bytes are too few for its addresses, which take ${String(family.length)}`);
  }
  if (bytes.length < length) return undefined;

  const header = bytes.subarray(0, length);
  return {
    version: 2,
    command,
    ...readAddresses(header.subarray(fixedLength, tlvs), family, familyAndTransport),
    tlvs: command === 'LOCAL' ? { others: [] } : parseTlvs(header, tlvs),
    length,
  };
}

function readCommand(byte: number): 'LOCAL' | 'PROXY' {
  switch (byte) {
    case 0x20:
      return 'LOCAL';
    case 0x21:
      return 'PROXY';
    default:
      throw new ProxyHeaderError(
        byte >> 4 === 2 ? `there is no command ${hex(byte & 0xf)}` : `there is no version ${String(byte >> 4)}`,
      );
  }
}

/**
 * How the addresses lie in the header: first the source's, then the destination's, then the ports, if there are any.
 */
interface Family {
  readonly transport: 'tcp4' | 'tcp6' | 'unix' | 'unknown';
  /** Bytes of both addresses and both ports. */
  readonly length: number;
  readonly addressLength: number;
  readonly write: (address: Buffer) => string;
}

const unspecified: Family = { transport: 'unknown', length: 0, addressLength: 0, write: String };

/** The families; the index is the number that the protocol gives each one. */
const families: readonly Family[] = [
  unspecified,
  { transport: 'tcp4', length: 12, addressLength: 4, write: (address) => address.join('.') },
  {
    transport: 'tcp6',
    length: 36,
    addressLength: 16,
    write: (address) => canonicalIPv6(address.toString('hex').replace(/.{4}(?!$)/g, '$&:')),
  },
  { transport: 'unix', length: 216, addressLength: 108, write: writePath },
];

/** A path ends at its first NUL. An abstract path of Linux begins with a NUL, which doesn't end it. */
function writePath(address: Buffer): string {
  const end = address.indexOf(0, 1);
  const path = address.toString('utf8', 0, end === -1 ? undefined : end);
  return path === '\0' ? '' : path;
}

const stream = 1;
const datagram = 2;

function readFamily(byte: number): Family {
  const family = families[byte >> 4];
  if (family === undefined) throw new ProxyHeaderError(`there is no address family ${hex(byte >> 4)}`);
  if ((byte & 0xf) > datagram) throw new ProxyHeaderError(`there is no transport ${hex(byte & 0xf)}`);
  return family;
}

/**
 * Only a stream can have been relayed here. With any other transport the addresses are ignored, as the protocol
 * allows.
 */
function readAddresses(
  block: Buffer,
  family: Family,
  familyAndTransport: number,
): Pick<ProxyHeader, 'transport' | 'source' | 'destination'> {
  const { transport, addressLength, write } = family;
  if (transport === 'unknown' || (familyAndTransport & 0xf) !== stream) return { transport: 'unknown' };
  const endpoint = (index: 0 | 1): ProxyEndpoint => ({
    address: write(block.subarray(index * addressLength, (index + 1) * addressLength)),
    port: transport === 'unix' ? 0 : block.readUInt16BE(2 * addressLength + 2 * index),
  });
  return { transport, source: endpoint(0), destination: endpoint(1) };
}

/** Writes PROXY headers, good and bad ones, without using any code of the parser. */
import { expect } from '@jest/globals';
import { parseProxyHeader, type ProxyHeaderLimits } from '../../../actors/socket/proxyProtocol/parseProxyHeader';
import type { ProxyHeader } from '../../../machines/vocabulary/proxyHeader';
import { ProxyHeaderError } from '../../../actors/socket/proxyProtocol/proxyHeaderError';

export const signature: Buffer = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

const twoBytes = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

/** The parts of a header of version 2. They need not fit together. */
export interface BinaryHeaderParts {
  /** The version and the command: 0x20 LOCAL, 0x21 PROXY. */
  readonly command?: number;
  /** The address family and the transport. */
  readonly family?: number;
  readonly addresses?: Buffer;
  readonly tlvs?: readonly Buffer[];
  /** Whether the header ends with a right checksum. */
  readonly isSummed?: boolean;
}

/** Writes a header of version 2, by default TCP over IPv4, from 192.0.2.1 port 4660 to 198.51.100.2 port 22136. */
export function binaryHeader({
  command = 0x21,
  family = 0x11,
  addresses = Buffer.from('c0000201c633640212345678', 'hex'),
  tlvs = [],
  isSummed = false,
}: BinaryHeaderParts = {}): Buffer {
  const block = Buffer.concat([addresses, ...tlvs, ...(isSummed ? [tlv(0x03, Buffer.alloc(4))] : [])]);
  const header = Buffer.concat([signature, Buffer.from([command, family]), twoBytes(block.length), block]);
  if (isSummed) header.writeUInt32BE(checksum(header), header.length - 4);
  return header;
}

export const tlv = (type: number, value: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([type]), twoBytes(bytes.length), bytes]);
};

/** @param client - the bits: 1 TLS, 2 certificate in this connection, 4 certificate in the session */
export const sslTlv = (client: number, verify: number, ...inner: readonly Buffer[]): Buffer => {
  const fields = Buffer.alloc(5, client);
  fields.writeUInt32BE(verify, 1);
  return tlv(0x20, Buffer.concat([fields, ...inner]));
};

/** Two IPv6 addresses as eight numbers each, and two ports. */
export const ipv6Block = (
  source: readonly number[],
  destination: readonly number[],
  ports: readonly [number, number],
): Buffer => Buffer.concat([...source, ...destination, ...ports].map(twoBytes));

/** Two paths of unix sockets, filled up with NULs. */
export const unixBlock = (source: string, destination: string): Buffer => {
  const block = Buffer.alloc(216);
  block.write(source, 0, 108);
  block.write(destination, 108, 108);
  return block;
};

/** CRC-32C bit by bit. */
export function checksum(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit += 1) {
      const isOdd = ((remainder ^ (byte >> bit)) & 1) === 1;
      remainder = (remainder >>> 1) ^ (isOdd ? 0x82f63b78 : 0);
    }
  }
  return ~remainder >>> 0;
}

/** Parses a whole header. Expects that each shorter part of the header is found incomplete. */
export function parseWhole(header: Buffer, limits?: ProxyHeaderLimits): ProxyHeader {
  for (let length = 0; length < header.length; length += 1) {
    expect(parseProxyHeader(header.subarray(0, length), limits)).toBeUndefined();
  }
  const parsed = parseProxyHeader(Buffer.concat([header, Buffer.from('\r\nGET / ')]), limits);
  expect(parsed).toEqual(parseProxyHeader(header, limits));
  if (parsed === undefined) throw new Error('The header is found incomplete');
  expect(parsed.length).toBe(header.length);
  return parsed;
}

/** What is wrong with bytes, and how many of the bytes are needed to see it. */
export interface Refusal {
  readonly after: number;
  readonly problem: string;
}

/** How bytes are refused that come one by one. Expects the same refusal for more of the bytes, and for all at once. */
export function refusal(bytes: Buffer, limits?: ProxyHeaderLimits): Refusal {
  for (let after = 0; after <= bytes.length; after += 1) {
    const problem = problemOf(bytes.subarray(0, after), limits);
    if (problem === undefined) continue;
    for (let length = after + 1; length <= bytes.length; length += 1) {
      expect(problemOf(bytes.subarray(0, length), limits)).toEqual(expect.any(String));
    }
    return { after, problem };
  }
  throw new Error('The header is not refused');
}

function problemOf(bytes: Buffer, limits?: ProxyHeaderLimits): string | undefined {
  try {
    expect(parseProxyHeader(bytes, limits)).toBeUndefined();
    return undefined;
  } catch (error) {
    if (!(error instanceof ProxyHeaderError)) throw error;
    expect(error).toMatchObject({ name: 'ProxyHeaderError', code: 'ERR_PROXY_HEADER' });
    return error.message.replace(/^Invalid PROXY header: /, '');
  }
}

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isIPv4, isIPv6 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { parseProxyHeader } from '../../../actors/socket/proxyProtocol/parseProxyHeader';
import type { ProxyHeader } from '../../../machines/vocabulary/proxyHeader';
import { ProxyHeaderError } from '../../../actors/socket/proxyProtocol/proxyHeaderError';
import { parseWhole } from '../../support/proxy/proxyHeaders';
import { bytes, known, oddAdditions } from '../../support/proxy/randomProxyHeaders';
import { inCi } from '../../support/thoroughness';

/** An IPv6 address as 32 digits, from any of its spellings: 1::2, ::ffff:192.0.2.1. */
function digitsOf(address: string): string {
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const digits = bytes.slice(0, 4).map((byte) => Number(byte).toString(16).padStart(2, '0'));
    return `${digits.slice(0, 2).join('')}:${digits.slice(2).join('')}`;
  });
  const [left = [], right = []] = plain.split('::').map((half) => half.split(':').filter((word) => word !== ''));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].map((word) => word.padStart(4, '0')).join('');
}

/** A header whose addresses can be compared, since each address has one spelling. */
const comparable = ({ source, destination, ...header }: Omit<ProxyHeader, 'length'>): unknown => ({
  ...header,
  ends: [source, destination].map(
    (end) => end && { ...end, address: isIPv6(end.address) ? digitsOf(end.address) : end.address },
  ),
});

/** Parses any bytes. Expects a consistent header, or no error except a ProxyHeaderError. */
function look(bytes: Buffer, maxBytes: number): ProxyHeader | 'incomplete' | 'refused' {
  try {
    const header = parseProxyHeader(bytes, { maxBytes });
    if (header === undefined) return 'incomplete';
    expect(header.length).toBeLessThanOrEqual(header.version === 1 ? 107 : maxBytes);
    const isTold = header.command === 'PROXY' && header.transport !== 'unknown';
    for (const end of [header.source, header.destination]) {
      expect(end !== undefined).toBe(isTold);
      expect((end?.port ?? 0) >>> 16).toBe(0);
      expect(isIPv4(end?.address ?? '')).toBe(header.transport === 'tcp4');
      expect(isIPv6(end?.address ?? '')).toBe(header.transport === 'tcp6');
    }
    return header;
  } catch (error) {
    if (!(error instanceof ProxyHeaderError)) throw error;
    return 'refused';
  }
}

const maxBytes = fc.oneof(fc.constant(4096), fc.integer({ min: 108, max: 400 }));

/** Parses byte after byte. Expects a result within `maxBytes`, which stays the same when more bytes come. */
function assertConsistent(bytes: Buffer, maxBytes: number): void {
  const results = Array.from({ length: bytes.length + 1 }, (_, length) => look(bytes.subarray(0, length), maxBytes));
  const waits = results.filter((result) => result === 'incomplete').length;
  expect(waits).toBeLessThanOrEqual(maxBytes);
  const [first, ...later] = results.slice(waits);
  expect(later.filter((result) => !isDeepStrictEqual(result, first))).toEqual([]);
  // a header is found with its last byte
  if (typeof first === 'object') expect(waits).toBe(first.length);
}

describe('parseProxyHeader', () => {
  it('reads what any header says, wherever it is cut', () => {
    fc.assert(
      fc.property(known, ({ bytes, said }) => {
        const { length, ...header } = parseWhole(bytes);
        expect(length).toBe(bytes.length);
        expect(comparable(header)).toEqual(comparable(said));
      }),
      { numRuns: inCi(300, 100) },
    );
  });

  it('finds what is consistent in any bytes, or refuses them', () => {
    fc.assert(
      fc.property(bytes, maxBytes, (bytes, maxBytes) => {
        assertConsistent(bytes, maxBytes);
      }),
      { numRuns: inCi(1_000, 300) },
    );
  });

  it('finds what is consistent in odd additions, or refuses them', () => {
    fc.assert(
      fc.property(oddAdditions, (bytes) => {
        assertConsistent(bytes, 4096);
      }),
      { numRuns: inCi(1_000, 300) },
    );
  });

  it('finds what is consistent in a header with faults, or refuses it', () => {
    const faults = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(known, faults, maxBytes, ({ bytes }, faults, maxBytes) => {
        const faulty = Buffer.concat([bytes, Buffer.from('\r\n\r\n')]);
        for (const [at, byte] of faults) faulty[at % bytes.length] = byte;
        assertConsistent(faulty, maxBytes);
      }),
      { numRuns: inCi(1_000, 300) },
    );
  });
});

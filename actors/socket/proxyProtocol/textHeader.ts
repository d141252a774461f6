/**
 * Version 1 of the PROXY header, a line of text: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, section
 * 2.1.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { describe } from '../../../machines/vocabulary/errors';
import { canonicalIPv6 } from './addresses';
import type { ProxyHeader } from '../../../machines/vocabulary/proxyHeader';
import { ProxyHeaderError } from './proxyHeaderError';

/** How long a line may be, in bytes, with its CRLF. */
const maxBytes = 107;

/** How a line may begin. */
const beginnings = ['PROXY TCP4 ', 'PROXY TCP6 ', 'PROXY UNKNOWN ', 'PROXY UNKNOWN\r\n'] as const;

/**
 * Reads a header of version 1.
 * @param bytes - all that the connection has received so far
 * @returns the header, or `undefined` while more bytes must come
 * @throws {@link ProxyHeaderError}
 */
export function parseTextHeader(bytes: Buffer): ProxyHeader | undefined {
  // in latin1 each byte is one character, whatever comes
  const text = bytes.toString('latin1', 0, maxBytes);
  const header = parseLine(text);
  if (header === undefined && text.length === maxBytes) {
    throw new ProxyHeaderError(`there is no CRLF in the first ${String(maxBytes)} bytes`);
  }
  return header;
}

function parseLine(text: string): ProxyHeader | undefined {
  const beginning = beginnings.find((beginning) => text.startsWith(beginning));
  switch (beginning) {
    case 'PROXY TCP4 ':
      return parseAddresses(text, beginning, 'tcp4');
    case 'PROXY TCP6 ':
      return parseAddresses(text, beginning, 'tcp6');
    case undefined:
      if (beginnings.some((beginning) => beginning.startsWith(text))) return undefined;
      throw new ProxyHeaderError(`the line ${describe(text)} doesn't begin with PROXY and TCP4, TCP6 or UNKNOWN`);
    default: {
      // the protocol wants the rest of the line ignored, even a CR or LF that stands alone
      const end = text.indexOf('\r\n');
      if (end === -1) return undefined;
      return { version: 1, command: 'PROXY', transport: 'unknown', tlvs: { others: [] }, length: end + 2 };
    }
  }
}

function parseAddresses(text: string, beginning: string, transport: 'tcp4' | 'tcp6'): ProxyHeader | undefined {
  const end = text.indexOf('\r', beginning.length);
  const isOver = end !== -1;
  const words = text.slice(beginning.length, isOver ? end : undefined).split(' ');
  checkFields(words, transport, isOver);
  const lineFeed = isOver ? text[end + 1] : undefined;
  if (lineFeed === undefined) return undefined;
  if (lineFeed !== '\n') throw new ProxyHeaderError('a CR is not followed by LF');

  const [source = '', destination = '', sourcePort, destinationPort] = words;
  const write = transport === 'tcp4' ? String : canonicalIPv6;
  return {
    version: 1,
    command: 'PROXY',
    transport,
    source: { address: write(source), port: Number(sourcePort) },
    destination: { address: write(destination), port: Number(destinationPort) },
    tlvs: { others: [] },
    length: end + 2,
  };
}

/** A kind of field in the line. */
interface Field {
  readonly name: string;
  /** Matches a field that is valid so far, even one that isn't complete. */
  readonly alphabet: RegExp;
  /** Whether a complete field is valid. */
  readonly isValid: (word: string) => boolean;
}

const ipv4 = { name: 'an IPv4 address', alphabet: /^[\d.]*$/, isValid: isIPv4 } as const satisfies Field;
// the alphabet excludes the zones that isIPv6 allows: fe80::1%eth0
const ipv6 = { name: 'an IPv6 address', alphabet: /^[\da-f:.]*$/i, isValid: isIPv6 } as const satisfies Field;
const port: Field = {
  name: 'a port',
  alphabet: /^\d{0,5}$/,
  isValid: (word) => /^(0|[1-9]\d*)$/.test(word) && Number(word) <= 65_535,
};

const fields: Readonly<Record<'tcp4' | 'tcp6', readonly Field[]>> = {
  tcp4: [ipv4, ipv4, port, port],
  tcp6: [ipv6, ipv6, port, port],
};

/** Checks the words of a line. All words but the last are complete, because a space came after each. */
function checkFields(words: readonly string[], transport: 'tcp4' | 'tcp6', isOver: boolean): void {
  const expected = fields[transport];
  for (const [index, word] of words.entries()) {
    const field = expected[index];
    if (field === undefined) throw new ProxyHeaderError('there is more in the line than two addresses and two ports');
    const isWhole = isOver || index < words.length - 1;
    if (!field.alphabet.test(word) || (isWhole && !field.isValid(word))) {
      throw new ProxyHeaderError(`${describe(word)} is not ${field.name}`);
    }
  }
  if (isOver && words.length < expected.length) {
    throw new ProxyHeaderError('there is less in the line than two addresses and two ports');
  }
}

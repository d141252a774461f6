import { parseBinaryHeader } from './binaryHeader';
import type { ProxyHeader } from '../../../machines/vocabulary/proxyHeader';
import { ProxyHeaderError, hex } from './proxyHeaderError';
import { parseTextHeader } from './textHeader';

/** How much a proxy may say. */
export interface ProxyHeaderLimits {
  /**
   * How many bytes a header of version 2 may have, from 16 to 65,551, which is the most that it can say of itself. A longer one
   * fails with {@link ProxyHeaderError} as soon as its length is there, before the rest has come.
   *
   * Default 4096: addresses are meant to fit into a segment of 536 bytes (section 2), but a proxy may add the client's
   * certificate, host name and ids of its own. Version 1 has a limit of its own: 107 bytes.
   */
  readonly maxBytes?: number;
}

/**
 * Reads the PROXY header that a connection begins with, of version 1 or 2
 * (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt).
 *
 * @remarks
 * It doesn't wait for the end to find an error: a wrong byte in the signature, a field that is over, or a length are judged when
 * they come. To look at an incomplete header costs next to nothing: it may be asked after each single byte.
 *
 * The header is to be believed if it comes from a proxy that one knows, and then it must be there (section 5): whoever else
 * could send one would be whom he likes.
 *
 * @param bytes - all that the connection has received so far
 * @returns the header, or `undefined` as long as there must be more
 * @throws {@link ProxyHeaderError} once the bytes can't become a header any more
 */
export function parseProxyHeader(bytes: Buffer, { maxBytes = 4096 }: ProxyHeaderLimits = {}): ProxyHeader | undefined {
  const [first] = bytes;
  switch (first) {
    case undefined:
      return undefined;
    case 0x50: // P
      return parseTextHeader(bytes);
    case 0x0d:
      return parseBinaryHeader(bytes, maxBytes);
    default:
      throw new ProxyHeaderError(`the first byte is ${hex(first)}, with which no version begins`);
  }
}

import { parseBinaryHeader } from './binaryHeader';
import type { ProxyHeader } from '../../../machines/vocabulary/proxyHeader';
import { ProxyHeaderError, hex } from './proxyHeaderError';
import { parseTextHeader } from './textHeader';

/** How long a PROXY header may be. */
export interface ProxyHeaderLimits {
  /**
   * How many bytes a header of version 2 may have: from 16 to 65,551, the longest that the protocol can express. A
   * longer header fails with {@link ProxyHeaderError} as soon as its length has come, before the rest.
   *
   * Default 4096: the addresses are meant to fit into a segment of 536 bytes (section 2), but a proxy may add the
   * client's certificate, host name and ids of its own. Version 1 has a limit of its own: 107 bytes.
   */
  readonly maxBytes?: number;
}

/**
 * Reads the PROXY header, of version 1 or 2, that a connection begins with
 * (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt).
 *
 * @remarks An error is found before the header is complete: each byte of the signature, each complete field and the
 * length are checked when they come. To look at an incomplete header costs next to nothing, so this may be called
 * after each byte.
 *
 * Believe a header only when it comes from a proxy that you know, and then require it (section 5). Anybody else who
 * could send a header could pretend to be any client.
 *
 * @param bytes - all that the connection has received so far
 * @returns the header, or `undefined` while more bytes must come
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

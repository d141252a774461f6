/**
 * Which clients a server takes: the options that both servers have, and `maxConnectionsPerPeer`, which only
 * ServerCore has.
 */
import { cidrs } from './cidr';
import { integer, isObject, type Check } from './optionChecks';
import { acceptRate, type AcceptRate } from './tokenBucket';

/**
 * Proxies that send a PROXY header, which names the client
 * (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt).
 */
export interface ProxyProtocol {
  /**
   * The proxies' addresses, as IP addresses and CIDR blocks. Each connection from these addresses must begin with a
   * PROXY header (version 1 or 2), even before TLS. A connection that begins otherwise ends with `proxyFailed`. On a
   * unix socket, every client that may open the socket is trusted.
   */
  readonly trusted: readonly string[];
  /**
   * What a client from another address meets: `'reject'` turns the client away (`untrustedProxy`), `'direct'` takes
   * it as a client that comes without a proxy. A PROXY header from such a client is never believed.
   * @defaultValue `'reject'`
   */
  readonly untrusted?: 'reject' | 'direct';
  /**
   * How many bytes a header of version 2 may have, its addresses included: from 232 to 65551. A header that announces
   * more ends the connection with `proxyFailed` before those bytes come. A header of version 1 has at most 107 bytes.
   * @defaultValue 4096
   */
  readonly maxHeaderBytes?: number;
}

/** Which clients a server takes. Other clients are closed at once, and `connection.rejected` tells the reason. */
export interface AdmissionOptions {
  /**
   * The only addresses that are let in, as IP addresses and CIDR blocks; others are turned away (`denied`). Clients
   * of a unix socket have no address, and are let in. Behind a proxy (`proxyProtocol`) the address of the real client
   * counts.
   * @defaultValue every address
   */
  readonly allow?: readonly string[];
  /**
   * Addresses that are turned away (`denied`), as IP addresses and CIDR blocks, even if `allow` has them.
   * @defaultValue none
   */
  readonly deny?: readonly string[];
  /**
   * How many connections one address may have at once; further ones are turned away (`peerLimit`). Clients in the
   * queue count too. All IPv6 addresses of a /64 count as one address, because a single customer has that many.
   * @defaultValue Infinity
   */
  readonly maxConnectionsPerPeer?: number;
  /**
   * How many clients are taken per second, and how many at once after a quiet time. Further ones are turned away
   * (`rateLimited`).
   * @defaultValue no limit
   */
  readonly acceptRate?: AcceptRate | number;
  /**
   * Reads PROXY headers from proxies that are trusted.
   * @defaultValue none: no header is read
   */
  readonly proxyProtocol?: ProxyProtocol;
}

/** The checks of the options in `proxyProtocol`, each under its own name (`proxyProtocol.trusted`). */
export const proxyProtocolChecks: Readonly<Record<keyof ProxyProtocol, Check>> = {
  trusted: cidrs,
  untrusted: { allowed: "'reject' or 'direct'", test: (value) => value === 'reject' || value === 'direct' },
  maxHeaderBytes: integer(232, 65_551, 'a whole number from 232 to 65551'),
};

/** The checks of {@link AdmissionOptions}. That of `maxConnectionsPerPeer` is ServerCore's. */
export const admissionChecks: Readonly<Record<Exclude<keyof AdmissionOptions, 'maxConnectionsPerPeer'>, Check>> = {
  allow: cidrs,
  deny: cidrs,
  acceptRate,
  proxyProtocol: { allowed: 'an object with trusted, a list of addresses', test: isObject },
};

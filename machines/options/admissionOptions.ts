/** Whom a server takes: the options that both servers have, and those that only one with many connections has. */
import { cidrs } from './cidr';
import { integer, isObject, type Check } from './optionChecks';
import { acceptRate, type AcceptRate } from './tokenBucket';

/** Proxies that tell who their clients are (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt). */
export interface ProxyProtocol {
  /**
   * The proxies' addresses, as IP addresses and CIDR blocks. Each of their connections must begin with a PROXY header
   * (version 1 or 2), before TLS too; one that doesn't ends with `proxyFailed`. On a unix socket everybody is trusted who
   * may open it.
   */
  readonly trusted: readonly string[];
  /**
   * What others meet: `'reject'` turns them away (`untrustedProxy`), `'direct'` takes them for clients that come without a
   * proxy. Nobody believes a PROXY header of theirs.
   * @defaultValue `'reject'`
   */
  readonly untrusted?: 'reject' | 'direct';
  /**
   * Bytes that a header of version 2 may have, its addresses included; one that says it has more ends the connection with
   * `proxyFailed` before they come. One of version 1 has at most 107.
   * @defaultValue 4096
   */
  readonly maxHeaderBytes?: number;
}

/** Whom a server takes. Who isn't taken is closed at once, and `connection.rejected` tells the reason. */
export interface AdmissionOptions {
  /**
   * The only addresses that are let in (`denied`): IP addresses and CIDR blocks. Clients of a unix socket have none, and
   * are let in. Behind a proxy (`proxyProtocol`) the real client's address counts.
   * @defaultValue everybody
   */
  readonly allow?: readonly string[];
  /** Addresses that are not let in (`denied`), even if `allow` has them. */
  readonly deny?: readonly string[];
  /**
   * How many connections one address may have at once (`peerLimit`), those that wait for a place included. All IPv6
   * addresses of a /64 are one: so many has a single customer.
   * @defaultValue Infinity
   */
  readonly maxConnectionsPerPeer?: number;
  /**
   * How many clients are taken per second, and how many at once after a quiet time; others are turned away
   * (`rateLimited`).
   * @defaultValue no limit
   */
  readonly acceptRate?: AcceptRate | number;
  /** Takes PROXY headers from proxies that are trusted. */
  readonly proxyProtocol?: ProxyProtocol;
}

/** What is left out of a ProxyProtocol, or is wrong in it, is told by `check` under its own name. */
export const proxyProtocolChecks: Readonly<Record<keyof ProxyProtocol, Check>> = {
  trusted: cidrs,
  untrusted: { allowed: "'reject' or 'direct'", test: (value) => value === 'reject' || value === 'direct' },
  maxHeaderBytes: integer(232, 65_551, 'a whole number from 232 to 65551'),
};

export const admissionChecks: Readonly<Record<Exclude<keyof AdmissionOptions, 'maxConnectionsPerPeer'>, Check>> = {
  allow: cidrs,
  deny: cidrs,
  acceptRate,
  proxyProtocol: { allowed: 'an object with trusted, a list of addresses', test: isObject },
};

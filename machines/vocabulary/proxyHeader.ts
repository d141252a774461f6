/**
 * What a PROXY header says. Its specification: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt. Numbers
 * such as 2.2.8 below are its sections.
 */

/** One end of the connection that the proxy relays. */
export interface ProxyEndpoint {
  /**
   * The address as Node writes it: IPv6 in lower case and compressed, an IPv4 address in IPv6 as `::ffff:192.0.2.1`.
   * For a unix socket its path, with a leading NUL for an abstract socket, or `''` when the socket has no path.
   */
  readonly address: string;
  /** The port; 0 for a unix socket. */
  readonly port: number;
}

/** An addition to a header that is not read any further: only its type and its bytes are known. */
export interface ProxyTlv {
  /** From 0 to 255; 0xE0 to 0xEF are for applications to use as they like (2.2.8). */
  readonly type: number;
  readonly value: Buffer;
}

/** What a proxy says about the TLS between the client and itself (2.2.6). */
export interface ProxySsl {
  /** Whether the client speaks TLS to the proxy at all. */
  readonly encrypted: boolean;
  /** Whether the client sent a certificate over this very connection. */
  readonly certificateInConnection: boolean;
  /** Whether the client sent a certificate at least once in the TLS session that this connection belongs to. */
  readonly certificateInSession: boolean;
  /**
   * Whether the client has sent a certificate, and the proxy has found it good. Ask this, not {@link verify}: for a
   * client without a certificate, HAProxy sends 0 in `verify` too.
   */
  readonly verified: boolean;
  /**
   * The result of the proxy's verification: 0 when the certificate is good. HAProxy sends OpenSSL's error number
   * otherwise.
   */
  readonly verify: number;
  /** The version of TLS, such as `TLSv1.3`. */
  readonly version?: string;
  /**
   * The common name in the client's certificate. As in {@link ProxyTlvs.authority}, U+FFFD stands for what isn't
   * UTF-8.
   */
  readonly commonName?: string;
  /** The cipher that is used, such as `ECDHE-RSA-AES128-GCM-SHA256`. */
  readonly cipher?: string;
  /** The algorithm that signed the proxy's own certificate, such as `RSA-SHA256`. */
  readonly signatureAlgorithm?: string;
  /** The algorithm of the key in the proxy's own certificate, such as `RSA2048`. */
  readonly keyAlgorithm?: string;
  /** All other additions, in their order. */
  readonly others: readonly ProxyTlv[];
}

/** What a header of version 2 may add to the addresses (2.2): type, length, value. */
export interface ProxyTlvs {
  /** The protocol inside, mostly the one that ALPN has chosen, such as `h2` (2.2.1). */
  readonly alpn?: string;
  /** The host name that the client asked for: SNI (2.2.2). U+FFFD stands for what isn't UTF-8. */
  readonly authority?: string;
  /** The proxy's id of this connection, of at most 128 bytes (2.2.5). */
  readonly uniqueId?: Buffer;
  readonly ssl?: ProxySsl;
  /** The name of the network namespace (2.2.7). */
  readonly netns?: string;
  /** All other additions, in their order. */
  readonly others: readonly ProxyTlv[];
}

/** A complete and valid header. */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /**
   * `LOCAL`: the proxy has connected for itself, mostly for a health check. Then nothing else in the header counts.
   */
  readonly command: 'PROXY' | 'LOCAL';
  /**
   * How the client reaches the proxy. `unknown` with `LOCAL`, and when the proxy names no transport, or one that
   * can't be a stream, such as UDP. Such a connection is good, and its ends are those of its own socket (2.1, 2.2).
   */
  readonly transport: 'tcp4' | 'tcp6' | 'unix' | 'unknown';
  /** The client. Missing if the transport is `unknown`. */
  readonly source?: ProxyEndpoint;
  /** The address that the client has connected to. Missing if the transport is `unknown`. */
  readonly destination?: ProxyEndpoint;
  /** The additions to the addresses. A header of version 1 has none. */
  readonly tlvs: ProxyTlvs;
  /** How many bytes the header has. The bytes behind it are the client's. */
  readonly length: number;
}

/** What a PROXY header says: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, whose sections are cited below. */

/** One end of the connection that the proxy relays. */
export interface ProxyEndpoint {
  /**
   * As Node would write it: IPv6 in lower case and compressed, an IPv4 address in IPv6 as `::ffff:192.0.2.1`. A unix socket's
   * path, with a leading NUL if it is an abstract one, and `''` if it has none.
   */
  readonly address: string;
  /** 0 for a unix socket, which has none. */
  readonly port: number;
}

/** An addition to a header that isn't read any further: its type and its bytes. */
export interface ProxyTlv {
  /** From 0 to 255; 0xE0 to 0xEF are for applications to use as they like (2.2.8). */
  readonly type: number;
  readonly value: Buffer;
}

/** What a proxy tells of the TLS between the client and itself (2.2.6). */
export interface ProxySsl {
  /** Whether the client speaks TLS to the proxy at all. */
  readonly encrypted: boolean;
  /** Whether the client sent a certificate over this very connection. */
  readonly certificateInConnection: boolean;
  /** Whether it did so at least once in the TLS session that this connection belongs to. */
  readonly certificateInSession: boolean;
  /**
   * Whether there is a certificate, and the proxy has found it good. This, and not {@link verify}, is the one to ask: HAProxy
   * sends 0 there for a client without a certificate, too.
   */
  readonly verified: boolean;
  /** What the proxy's verification came to: 0 if well; HAProxy gives OpenSSL's number of what was wrong. */
  readonly verify: number;
  /** TLS's version, such as `TLSv1.3`. */
  readonly version?: string;
  /** The common name in the client's certificate. As with {@link ProxyTlvs.authority}, U+FFFD is for what isn't UTF-8. */
  readonly commonName?: string;
  /** The cipher that is used, such as `ECDHE-RSA-AES128-GCM-SHA256`. */
  readonly cipher?: string;
  /** What the proxy's own certificate was signed with, such as `RSA-SHA256`. */
  readonly signatureAlgorithm?: string;
  /** What the key in the proxy's own certificate is, such as `RSA2048`. */
  readonly keyAlgorithm?: string;
  /** All others, in their order. */
  readonly others: readonly ProxyTlv[];
}

/** What a header of version 2 may add to the addresses (2.2): type, length, value. */
export interface ProxyTlvs {
  /** The protocol inside, mostly as ALPN has settled it: `h2` (2.2.1). */
  readonly alpn?: string;
  /** The host name that the client asked for: SNI (2.2.2). U+FFFD stands for what isn't UTF-8. */
  readonly authority?: string;
  /** The proxy's id of this connection, of at most 128 bytes (2.2.5). */
  readonly uniqueId?: Buffer;
  readonly ssl?: ProxySsl;
  /** The name of the network namespace (2.2.7). */
  readonly netns?: string;
  /** All others, in their order. */
  readonly others: readonly ProxyTlv[];
}

/** A whole, valid header. */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /** `LOCAL`: the proxy has connected on its own account, mostly for a health check. Nothing else in the header counts then. */
  readonly command: 'PROXY' | 'LOCAL';
  /**
   * What the client uses to reach the proxy. `unknown` with `LOCAL`, and where the proxy doesn't say or names what can't be
   * meant on a stream, such as UDP: the connection is good, and its ends are those of its own socket (2.1, 2.2).
   */
  readonly transport: 'tcp4' | 'tcp6' | 'unix' | 'unknown';
  /** The client. Missing if the transport is `unknown`. */
  readonly source?: ProxyEndpoint;
  /** Where the client has connected to. Missing if the transport is `unknown`. */
  readonly destination?: ProxyEndpoint;
  /** Version 1 has none. */
  readonly tlvs: ProxyTlvs;
  /** How many bytes the header took. What comes after them is the client's. */
  readonly length: number;
}

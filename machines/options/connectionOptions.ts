import type { ProxyProtocol } from './admissionOptions';
import type { Protocol } from './options';
import type { TimeLimits } from './timeLimits';
import type { TlsOptions } from './tlsOptions';

/** The options of one connection: those of its server's options that concern connections. */
export interface ConnectionOptions extends TimeLimits {
  /** The handler. Without it the connection's parent gets the bytes, as `_CSA.outbox`. */
  readonly protocol?: Protocol;
  readonly allowHalfOpen: boolean;
  readonly maxBufferedBytes: number;
  readonly lingerTimeout: number;
  /** The proxies whose connections begin with a PROXY header. */
  readonly proxyProtocol?: ProxyProtocol;
  /**
   * The options for TLS. With them, the connection begins with a TLS handshake, or, with `starttls`, has one when the
   * handler asks for it.
   */
  readonly tls?: TlsOptions;
  readonly starttls?: boolean;
  /**
   * Whether to go on reading while the peer takes no bytes. A client must go on: when both ends stop reading until
   * the other end reads, neither ever reads again.
   * @defaultValue false
   */
  readonly readsWhileCongested?: boolean;
}

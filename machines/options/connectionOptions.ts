import type { ProxyProtocol } from './admissionOptions';
import type { Protocol } from './options';
import type { TimeLimits } from './timeLimits';
import type { TlsOptions } from './tlsOptions';

/** What a connection needs to know of its server's options. */
export interface ConnectionOptions extends TimeLimits {
  /** The handler; without one the connection's parent gets the bytes, as `_CSA.outbox`. */
  readonly protocol?: Protocol;
  readonly allowHalfOpen: boolean;
  readonly maxBufferedBytes: number;
  readonly lingerTimeout: number;
  /** From whom a PROXY header is read first. */
  readonly proxyProtocol?: ProxyProtocol;
  /** With what there is a TLS handshake: first of all, or with {@link starttls} when the handler asks for it. */
  readonly tls?: TlsOptions;
  readonly starttls?: boolean;
  /**
   * Whether to read on while the peer takes nothing. A client must: if both ends stop reading until the other one reads,
   * neither ever does.
   */
  readonly readsWhileCongested?: boolean;
}

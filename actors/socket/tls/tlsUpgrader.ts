import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { createServer, type PeerCertificate, type Server, type TLSSocket } from 'node:tls';
import { ServerchartError } from '../../../machines/vocabulary/errors';
import { checkTlsOptions, invalidTls, type TlsOptions } from '../../../machines/options/tlsOptions';
import { endOneTurnLater } from '../nodeInternals';

/** What a handshake has found out. */
export interface TlsInfo {
  readonly encrypted: true;
  /** The protocol that ALPN has chosen; missing when client or server have none to choose from. */
  readonly alpn?: string;
  /** The name that the client asked for (SNI), as it wrote it: nobody has checked it. */
  readonly servername?: string;
  /** The client's certificate; missing when it showed none, or wasn't asked for one (`requestCert`). */
  readonly peerCertificate?: PeerCertificate;
  /** Whether that certificate comes from one of `ca` and is valid; false only with `rejectUnauthorized: false`. */
  readonly authorized?: boolean;
}

/** Who hears how an upgrade went: exactly one of both, once. */
export interface TlsListener {
  /**
   * From now on `socket` stands for the connection. It is paused, and has the raw socket's `allowHalfOpen`. Closing one of
   * both closes the other. Add all listeners at once: the client's 'end' may come in this very turn.
   *
   * A connection that ends without close_notify, as a cut one may, emits a plain 'end': Node doesn't tell them apart.
   */
  secured(socket: TLSSocket, info: TlsInfo): void;
  /**
   * There is no TLS, and the raw socket is destroyed. `error.code` says why: `ERR_SSL_…` from OpenSSL (`…_ALERT_…`: the
   * client's words), `ECONNRESET` when the connection ended during the handshake, by whomever; `DEPTH_ZERO_SELF_SIGNED_CERT`
   * and such when the client's certificate wasn't accepted; what `SNICallback` gave or threw.
   */
  failed(error: Error): void;
}

/**
 * The server's side of TLS, for all connections of one listener.
 *
 * A `tls.Server` that never listens does the handshakes. Node documents that sockets can be given to one as 'connection'
 * (https://nodejs.org/api/tls.html#event-connection), and it does more than a `TLSSocket` made by hand: whether a client's
 * certificate is valid, and what errors come once the handshake is over, a `TLSSocket` tells only to Node itself.
 */
export class TlsUpgrader {
  #server: Server;

  /**
   * @param options - certificate, and whom to trust
   * @throws {@link InvalidOptionError} for what isn't an option, and for what OpenSSL doesn't take: a broken PEM, a key of
   * another certificate
   */
  constructor(options: TlsOptions) {
    this.#server = makeServer(options);
  }

  /**
   * Replaces all options, for the upgrades that begin from now on. When they are bad, nothing changes.
   *
   * Clients can't resume their sessions of before, unless both options have the same `ticketKeys`: a session remembers that
   * its client was trusted, and whom to trust may be what has changed.
   * @throws {@link InvalidOptionError}
   */
  reload(options: TlsOptions): void {
    this.#server = makeServer(options);
  }

  /**
   * Takes what comes next from the client for a TLS handshake. What was read already and isn't plain text, put back with
   * `socket.unshift`, belongs to it; plain text that waits to be read makes the handshake fail, so that it is never taken
   * for decrypted. What waits to be written leaves first, as plain text.
   *
   * There is no time limit: whoever has one destroys the raw socket, and hears of it as `failed`.
   * @param socket - the raw one. Remove 'data' listeners first; it emits no more 'end', only 'close'
   */
  upgrade(socket: Socket, told: TlsListener): void {
    if (socket.destroyed) {
      const error = new ServerchartError('ECONNRESET', 'The connection was closed before the TLS handshake');
      process.nextTick(() => {
        told.failed(error);
      });
      return;
    }
    const { allowHalfOpen } = socket;
    // a socket that flows would give away, as plain text, what waits for TLS
    socket.pause();
    // Node would wait for the rest of the handshake from a client that has ended its side, if it may be half open. A
    // TLSSocket copies this when it is made, and Node allows to change it before the 'end'.
    socket.allowHalfOpen = false;
    connect(this.#server, socket, {
      secured: (secured, info) => {
        secured.allowHalfOpen = allowHalfOpen;
        // it would cost us a handshake each time, and could change the certificate behind `info`
        secured.disableRenegotiation();
        // Node is still in the middle of OpenSSL's handshake, and will be until whatever we call now is done: under TLS 1.3
        // there would be no close_notify yet, and a client that is answered and closed at once would take that for cut off
        endOneTurnLater(secured);
        told.secured(secured, info);
      },
      failed: (error) => {
        // Node may tell in the middle of OpenSSL's handshake (when SNICallback gives what is no context), and lets go of it
        // as soon as the raw socket is destroyed: the process would crash
        setImmediate(() => {
          // nearly always Node has done so, but it promises nothing
          socket.destroy();
          told.failed(error);
        });
      },
    });
    socket.allowHalfOpen = allowHalfOpen;
  }
}

function makeServer(options: TlsOptions): Server {
  checkTlsOptions(options);
  try {
    // Node would take a handshakeTimeout of 0 for its default, 120 s; a negative one sets no timer
    return createServer({ ...options, handshakeTimeout: -1, pauseOnConnect: true });
  } catch (error) {
    const { message } = error as Error;
    throw Object.assign(invalidTls(`what OpenSSL can use: ${message}`), { cause: error });
  }
}

/**
 * Gives a socket to a server, and tells how its handshake went.
 *
 * A server's events name the new `TLSSocket`, and nothing documented leads from that to the raw one (`_parent` does, but only
 * where that is a `net.Socket`). So each socket gets a stand-in for the server, which has all of the server but is told of one
 * handshake: Node reports to the very object on which 'connection' was emitted.
 */
function connect(server: Server, socket: Socket, told: TlsListener): void {
  const emit = (type: string, ...given: unknown[]): boolean => {
    if (type === 'secureConnection') {
      const [secured] = given as [TLSSocket];
      told.secured(secured, infoOf(secured));
      return true;
    }
    if (type === 'tlsClientError') {
      const [error, refused] = given as [Error, TLSSocket];
      told.failed(refusalOf(refused) ?? error);
      return true;
    }
    // as for any event that nobody listens for
    return false;
  };
  const standIn = Object.create(server, { emit: { value: emit } }) as Server;
  EventEmitter.prototype.emit.call(standIn, 'connection', socket);
}

function infoOf(socket: TLSSocket): TlsInfo {
  const { alpnProtocol: alpn, servername, authorized } = socket;
  const peerCertificate = socket.getPeerCertificate();
  // Node's word for none is an empty object
  const hasCertificate = Object.keys(peerCertificate).length > 0;
  return {
    encrypted: true,
    ...(typeof alpn === 'string' && { alpn }),
    ...(typeof servername === 'string' && { servername }),
    ...(hasCertificate && { peerCertificate, authorized }),
  };
}

/** For a certificate that it doesn't accept, Node closes the socket and reports no more than that it was closed. */
function refusalOf({ authorizationError }: TLSSocket): Error | undefined {
  // a code, whatever its type says, or null
  const code = authorizationError as unknown as string | null;
  if (code === null) return undefined;
  return new ServerchartError(code, `The client's certificate was not accepted: ${code}`);
}

import type { HeaderReader } from './proxyProtocol/headerReader';
import type { TlsUpgrade } from './tls/tlsUpgrade';

/**
 * How far a socket has come:
 *
 * - `unclaimed`: no connection owns the socket yet;
 * - `identifying`: a PROXY header is read;
 * - `plain`: bytes travel as they are;
 * - `upgrading`: what is written waits for TLS. The handshake waits until what was written before has left;
 * - `encrypted`: bytes travel over TLS;
 * - `ended`: our side takes no more bytes. What was written may still be leaving, and a handshake may still be under
 *   way;
 * - `destroyed`: the descriptor is closed.
 */
export type SocketPhase =
  | { readonly name: 'unclaimed' | 'plain' | 'encrypted' | 'destroyed' }
  | { readonly name: 'identifying'; readonly header: HeaderReader }
  | { readonly name: 'upgrading'; readonly upgrade: TlsUpgrade }
  | { readonly name: 'ended'; readonly upgrade?: TlsUpgrade | undefined };

// all sockets share these objects: a phase costs a connection nothing
export const unclaimed: SocketPhase = { name: 'unclaimed' };
export const plain: SocketPhase = { name: 'plain' };
export const encrypted: SocketPhase = { name: 'encrypted' };
export const ended: SocketPhase = { name: 'ended' };
export const destroyed: SocketPhase = { name: 'destroyed' };

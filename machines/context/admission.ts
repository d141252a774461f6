/** Which clients a server takes, and the counts on which that depends. */
import type { ConnectedSocketAdapter } from '../connectedSocketAdapter';
import type { RejectReason } from '../events';
import type { AdmissionOptions } from '../options/admissionOptions';
import { parseIp } from '../options/ipAddress';
import { addPeer, countOf, peerKey, removePeer, type PeerCounts } from './peerCounts';
import type { ResolvedServerOptions } from '../options/resolveOptions';
import { changeRate, fullBucket, hasToken, takeToken, tokenRate, type TokenBucket } from '../options/tokenBucket';

/** What a server remembers of its clients, to decide about the next one. */
export interface Admission {
  readonly peers: PeerCounts;
  readonly bucket: TokenBucket;
}

/** The part of a server's context that decides which clients it takes. */
interface AdmissionContext {
  readonly options: AdmissionOptions;
  readonly admission: Admission;
}

const rateOf = ({ acceptRate = Infinity }: AdmissionOptions): ReturnType<typeof tokenRate> => tokenRate(acceptRate);

/** The admission of a server that has had no client yet. */
export const emptyAdmission = (options: AdmissionOptions, now: number): Admission => ({
  peers: new Map(),
  bucket: fullBucket(rateOf(options), now),
});

/** Whether a client that has just been accepted is a proxy, whose connection begins with a PROXY header. */
export const comesFromProxy = (
  { proxyProtocol }: Pick<AdmissionOptions, 'proxyProtocol'>,
  CSA: ConnectedSocketAdapter,
): boolean =>
  // a client without an address came over a unix socket, and the mode of that file has let it in
  proxyProtocol !== undefined && (CSA.info.peer === '' || CSA.isFrom(proxyProtocol.trusted));

/**
 * The peer for which a connection counts. A proxy's connection counts for no peer in two cases: until the PROXY
 * header has named the client, and when the proxy speaks for itself.
 */
function countedPeer(options: AdmissionOptions, CSA: ConnectedSocketAdapter): string | undefined {
  const { peer, proxy } = CSA.info;
  const isProxy = proxy === undefined ? comesFromProxy(options, CSA) : proxy.isLocal;
  return isProxy ? undefined : peerKey(peer);
}

/** Why a client whose own address is known is not taken. Undefined when it is taken. */
function refusalByAddress(
  { options, admission }: AdmissionContext,
  CSA: ConnectedSocketAdapter,
): RejectReason | undefined {
  const { allow, deny, maxConnectionsPerPeer = Infinity } = options;
  // a client on a unix socket, of ours or of its proxy, has at most a path, but no address
  const hasAddress = parseIp(CSA.info.peer) !== undefined;
  if (hasAddress && deny !== undefined && CSA.isFrom(deny)) return 'denied';
  if (hasAddress && allow !== undefined && !CSA.isFrom(allow)) return 'denied';
  if (maxConnectionsPerPeer === Infinity) return undefined;
  return countOf(admission.peers, peerKey(CSA.info.peer)) >= maxConnectionsPerPeer ? 'peerLimit' : undefined;
}

/** `ConnectionInfo.peer` of a client that was gone before its address could be read. */
const goneAddress = '0.0.0.0';

/** Why a client that has just been accepted is not taken. Undefined when nothing speaks against the client so far. */
export function refusal(context: AdmissionContext, CSA: ConnectedSocketAdapter): RejectReason | undefined {
  const { options, admission } = context;
  const { acceptRate, proxyProtocol, allow, deny } = options;
  // such a client may have left bytes. Without its address nobody knows whether a handler may get them
  if (CSA.info.peer === goneAddress && (proxyProtocol ?? allow ?? deny) !== undefined) return 'gone';
  const isProxy = comesFromProxy(options, CSA);
  if (proxyProtocol !== undefined && !isProxy && proxyProtocol.untrusted !== 'direct') return 'untrustedProxy';
  // a proxy has yet to name its client
  const reason = isProxy ? undefined : refusalByAddress(context, CSA);
  if (reason !== undefined || acceptRate === undefined) return reason;
  return hasToken(admission.bucket, rateOf(options), CSA.acceptedAt) ? undefined : 'rateLimited';
}

/**
 * Why the client behind a proxy is not taken. Undefined when the client is taken, or when the proxy speaks for
 * itself.
 */
export const refusalOfIdentified = (
  context: AdmissionContext,
  CSA: ConnectedSocketAdapter,
): RejectReason | undefined => (CSA.info.proxy?.isLocal === true ? undefined : refusalByAddress(context, CSA));

/** The admission with one more client. The counts of peers change in place. */
export function admit({ options, admission }: AdmissionContext, CSA: ConnectedSocketAdapter): Admission {
  addPeer(admission.peers, countedPeer(options, CSA));
  if (options.acceptRate === undefined) return admission;
  return { ...admission, bucket: takeToken(admission.bucket, rateOf(options), CSA.acceptedAt) };
}

/** Counts the connection for the client that the PROXY header has named. */
export function identify({ options, admission }: AdmissionContext, CSA: ConnectedSocketAdapter): void {
  addPeer(admission.peers, countedPeer(options, CSA));
}

/** Counts one client less: this one has left. */
export function leave({ options, admission }: AdmissionContext, CSA: ConnectedSocketAdapter): void {
  removePeer(admission.peers, countedPeer(options, CSA));
}

/** The admission when the server's options change to `next`. */
export const changeLimits = (
  { options, admission }: AdmissionContext,
  next: AdmissionOptions,
  now: number,
): Admission => ({
  ...admission,
  bucket: changeRate(admission.bucket, rateOf(options), rateOf(next), now),
});

/** Whether a client that was taken gets its handler at once, with no PROXY header and no TLS handshake before. */
export const opensAtOnce = (options: ResolvedServerOptions, CSA: ConnectedSocketAdapter): boolean =>
  !comesFromProxy(options, CSA) && (options.tls === undefined || options.starttls);

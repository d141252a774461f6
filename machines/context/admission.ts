/** Which clients a server takes, and which it has already. */
import type { ConnectedSocketAdapter } from '../connectedSocketAdapter';
import type { RejectReason } from '../events';
import type { AdmissionOptions } from '../options/admissionOptions';
import { parseIp } from '../options/ipAddress';
import { addPeer, countOf, peerKey, removePeer, type PeerCounts } from './peerCounts';
import type { ResolvedServerOptions } from '../options/resolveOptions';
import { changeRate, fullBucket, hasToken, takeToken, tokenRate, type TokenBucket } from '../options/tokenBucket';

/** What a server remembers of the clients that came. */
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

/** The admission of a server that nobody has come to yet. */
export const emptyAdmission = (options: AdmissionOptions, now: number): Admission => ({
  peers: new Map(),
  bucket: fullBucket(rateOf(options), now),
});

/** Whether a client that has just been accepted is a proxy, which begins with a PROXY header. */
export const comesFromProxy = (
  { proxyProtocol }: Pick<AdmissionOptions, 'proxyProtocol'>,
  CSA: ConnectedSocketAdapter,
): boolean =>
  // a client without an address came over a unix socket: the mode of the file has let it in
  proxyProtocol !== undefined && (CSA.info.peer === '' || CSA.isFrom(proxyProtocol.trusted));

/**
 * The peer that a connection counts for. A proxy's connection counts for nobody before the proxy has said which client it
 * brings, and when the proxy speaks for itself.
 */
function countedPeer(options: AdmissionOptions, CSA: ConnectedSocketAdapter): string | undefined {
  const { peer, proxy } = CSA.info;
  const isProxy = proxy === undefined ? comesFromProxy(options, CSA) : proxy.isLocal;
  return isProxy ? undefined : peerKey(peer);
}

/** Why a client whose address is known for certain is not taken. */
function refusalByAddress(
  { options, admission }: AdmissionContext,
  CSA: ConnectedSocketAdapter,
): RejectReason | undefined {
  const { allow, deny, maxConnectionsPerPeer = Infinity } = options;
  // a client on a unix socket, ours or its proxy's, has no address, but maybe a path
  const hasAddress = parseIp(CSA.info.peer) !== undefined;
  if (hasAddress && deny !== undefined && CSA.isFrom(deny)) return 'denied';
  if (hasAddress && allow !== undefined && !CSA.isFrom(allow)) return 'denied';
  if (maxConnectionsPerPeer === Infinity) return undefined;
  return countOf(admission.peers, peerKey(CSA.info.peer)) >= maxConnectionsPerPeer ? 'peerLimit' : undefined;
}

/** The address in `ConnectionInfo.peer` of a client that was gone before anybody could ask for its address. */
const goneAddress = '0.0.0.0';

/** Why a client that has just been accepted is not taken; undefined when nothing speaks against it so far. */
export function refusal(context: AdmissionContext, CSA: ConnectedSocketAdapter): RejectReason | undefined {
  const { options, admission } = context;
  const { acceptRate, proxyProtocol, allow, deny } = options;
  // this client may have left bytes, which no handler must get that the client was not allowed to reach
  if (CSA.info.peer === goneAddress && (proxyProtocol ?? allow ?? deny) !== undefined) return 'gone';
  const isProxy = comesFromProxy(options, CSA);
  if (proxyProtocol !== undefined && !isProxy && proxyProtocol.untrusted !== 'direct') return 'untrustedProxy';
  // a proxy has not told yet which client it brings
  const reason = isProxy ? undefined : refusalByAddress(context, CSA);
  if (reason !== undefined || acceptRate === undefined) return reason;
  return hasToken(admission.bucket, rateOf(options), CSA.acceptedAt) ? undefined : 'rateLimited';
}

/** Why a client that a proxy has brought is not taken. A proxy that speaks for itself is taken. */
export const refusalOfIdentified = (
  context: AdmissionContext,
  CSA: ConnectedSocketAdapter,
): RejectReason | undefined => (CSA.info.proxy?.isLocal === true ? undefined : refusalByAddress(context, CSA));

/** One more is taken. */
export function admit({ options, admission }: AdmissionContext, CSA: ConnectedSocketAdapter): Admission {
  addPeer(admission.peers, countedPeer(options, CSA));
  if (options.acceptRate === undefined) return admission;
  return { ...admission, bucket: takeToken(admission.bucket, rateOf(options), CSA.acceptedAt) };
}

/** A proxy has said which client it brings. */
export function identify({ options, admission }: AdmissionContext, CSA: ConnectedSocketAdapter): void {
  addPeer(admission.peers, countedPeer(options, CSA));
}

/** One has left. */
export function leave({ options, admission }: AdmissionContext, CSA: ConnectedSocketAdapter): void {
  removePeer(admission.peers, countedPeer(options, CSA));
}

/** The admission of a server whose options change. */
export const changeLimits = (
  { options, admission }: AdmissionContext,
  next: AdmissionOptions,
  now: number,
): Admission => ({
  ...admission,
  bucket: changeRate(admission.bucket, rateOf(options), rateOf(next), now),
});

/** Whether a client that was taken has its handler at once: there is no PROXY header and no TLS handshake before that. */
export const opensAtOnce = (options: ResolvedServerOptions, CSA: ConnectedSocketAdapter): boolean =>
  !comesFromProxy(options, CSA) && (options.tls === undefined || options.starttls);

/** Whom a server takes, and who it has already. */
import type { ConnectedSocketAdapter } from '../connectedSocketAdapter';
import type { RejectReason } from '../events';
import type { AdmissionOptions } from '../options/admissionOptions';
import { parseIp } from '../options/ipAddress';
import { addPeer, countOf, peerKey, removePeer, type PeerCounts } from './peerCounts';
import type { ResolvedServerOptions } from '../options/resolveOptions';
import { changeRate, fullBucket, hasToken, takeToken, tokenRate, type TokenBucket } from '../options/tokenBucket';

/** What has to be remembered of those who came. */
export interface Admission {
  readonly peers: PeerCounts;
  readonly bucket: TokenBucket;
}

/** The part of a server's context that decides. */
interface Deciding {
  readonly options: AdmissionOptions;
  readonly admission: Admission;
}

const rateOf = ({ acceptRate = Infinity }: AdmissionOptions): ReturnType<typeof tokenRate> => tokenRate(acceptRate);

/** The admission of a server that nobody has come to yet. */
export const emptyAdmission = (options: AdmissionOptions, now: number): Admission => ({
  peers: new Map(),
  bucket: fullBucket(rateOf(options), now),
});

/** Whether a client that has just been accepted is a proxy, who begins with a PROXY header. */
export const comesFromProxy = (
  { proxyProtocol }: Pick<AdmissionOptions, 'proxyProtocol'>,
  CSA: ConnectedSocketAdapter,
): boolean =>
  // who has no address is on a unix socket, and has been let in there by the file's mode
  proxyProtocol !== undefined && (CSA.info.peer === '' || CSA.isFrom(proxyProtocol.trusted));

/** Whom a connection counts for. A proxy counts neither before it has said whom it brings, nor when it is there for itself. */
function countedPeer(options: AdmissionOptions, CSA: ConnectedSocketAdapter): string | undefined {
  const { peer, proxy } = CSA.info;
  const isProxy = proxy === undefined ? comesFromProxy(options, CSA) : proxy.isLocal;
  return isProxy ? undefined : peerKey(peer);
}

/** Why a client is not taken whose address is known for certain. */
function refusalByAddress({ options, admission }: Deciding, CSA: ConnectedSocketAdapter): RejectReason | undefined {
  const { allow, deny, maxConnectionsPerPeer = Infinity } = options;
  // a client of a unix socket has none, but maybe a path: its proxy's, too
  const hasAddress = parseIp(CSA.info.peer) !== undefined;
  if (hasAddress && deny !== undefined && CSA.isFrom(deny)) return 'denied';
  if (hasAddress && allow !== undefined && !CSA.isFrom(allow)) return 'denied';
  if (maxConnectionsPerPeer === Infinity) return undefined;
  return countOf(admission.peers, peerKey(CSA.info.peer)) >= maxConnectionsPerPeer ? 'peerLimit' : undefined;
}

/** What is said of a client that was gone before it could be asked for its address (`ConnectionInfo.peer`). */
const goneAddress = '0.0.0.0';

/** Why a client that has just been accepted is not taken; undefined if it is, as far as can be told by now. */
export function refusal(deciding: Deciding, CSA: ConnectedSocketAdapter): RejectReason | undefined {
  const { options, admission } = deciding;
  const { acceptRate, proxyProtocol, allow, deny } = options;
  // it may have left bytes, which nobody must get whom it wasn't meant to reach; but that it is unwelcome is not known
  if (CSA.info.peer === goneAddress && (proxyProtocol ?? allow ?? deny) !== undefined) return 'gone';
  const isProxy = comesFromProxy(options, CSA);
  if (proxyProtocol !== undefined && !isProxy && proxyProtocol.untrusted !== 'direct') return 'untrustedProxy';
  // whom a proxy brings isn't known yet
  const reason = isProxy ? undefined : refusalByAddress(deciding, CSA);
  if (reason !== undefined || acceptRate === undefined) return reason;
  return hasToken(admission.bucket, rateOf(options), CSA.acceptedAt) ? undefined : 'rateLimited';
}

/** Why a client is not taken that a proxy has brought; a proxy that speaks for itself is. */
export const refusalOfIdentified = (deciding: Deciding, CSA: ConnectedSocketAdapter): RejectReason | undefined =>
  CSA.info.proxy?.isLocal === true ? undefined : refusalByAddress(deciding, CSA);

/** One more is taken. */
export function admit({ options, admission }: Deciding, CSA: ConnectedSocketAdapter): Admission {
  addPeer(admission.peers, countedPeer(options, CSA));
  if (options.acceptRate === undefined) return admission;
  return { ...admission, bucket: takeToken(admission.bucket, rateOf(options), CSA.acceptedAt) };
}

/** A proxy has said whom it brings. */
export function identify({ options, admission }: Deciding, CSA: ConnectedSocketAdapter): void {
  addPeer(admission.peers, countedPeer(options, CSA));
}

/** One has left. */
export function leave({ options, admission }: Deciding, CSA: ConnectedSocketAdapter): void {
  removePeer(admission.peers, countedPeer(options, CSA));
}

/** What is remembered, under other options. */
export const changeLimits = ({ options, admission }: Deciding, next: AdmissionOptions, now: number): Admission => ({
  ...admission,
  bucket: changeRate(admission.bucket, rateOf(options), rateOf(next), now),
});

/** Whether a client that was taken has its handler at once: there is no PROXY header and no TLS handshake before that. */
export const opensAtOnce = (options: ResolvedServerOptions, CSA: ConnectedSocketAdapter): boolean =>
  !comesFromProxy(options, CSA) && (options.tls === undefined || options.starttls);

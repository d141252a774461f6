import type { TlsOptions as NodeTlsOptions } from 'node:tls';
import { InvalidOptionError } from '../vocabulary/errors';
import { boolean, check, entriesOf, type Check } from './optionChecks';

/**
 * The TLS options of a server, such as its certificate and the authorities that it trusts: those options of
 * `tls.createServer` that concern TLS itself. What each one means, and its default:
 * https://nodejs.org/api/tls.html#tlscreateserveroptions-secureconnectionlistener
 *
 * Without `ca`, `requestCert` accepts certificates from every public authority that Node knows.
 */
export type TlsOptions = Pick<
  NodeTlsOptions,
  | 'ALPNCallback'
  | 'ALPNProtocols'
  | 'SNICallback'
  | 'ca'
  | 'cert'
  | 'ciphers'
  | 'crl'
  | 'dhparam'
  | 'ecdhCurve'
  | 'honorCipherOrder'
  | 'key'
  | 'maxVersion'
  | 'minVersion'
  | 'passphrase'
  | 'pfx'
  | 'rejectUnauthorized'
  | 'requestCert'
  | 'secureOptions'
  | 'sessionIdContext'
  | 'sessionTimeout'
  | 'sigalgs'
  | 'ticketKeys'
>;

/** For an option that Node checks when it makes its server: Node throws then. */
const checkedByNode: Check = { allowed: '', test: () => true };
const callback: Check = { allowed: 'a function', test: (value) => typeof value === 'function' };

const isProtocolName = (value: unknown): boolean => typeof value === 'string' && value !== '';

/**
 * The checks of {@link TlsOptions}. They refuse what Node would take for another value, or would look at only when a
 * client connects: `requestCert: 'true'` would ask no client for a certificate, and `ALPNProtocols: 'h2'` would
 * choose no protocol.
 */
const checks: Readonly<Record<keyof TlsOptions, Check>> = {
  ALPNCallback: callback,
  ALPNProtocols: {
    allowed: 'a list of names that are not empty, or a buffer of them as ALPN sends it',
    test: (value) => (Array.isArray(value) ? value.every(isProtocolName) : ArrayBuffer.isView(value)),
  },
  SNICallback: callback,
  ca: checkedByNode,
  cert: checkedByNode,
  ciphers: checkedByNode,
  crl: checkedByNode,
  dhparam: checkedByNode,
  ecdhCurve: checkedByNode,
  honorCipherOrder: boolean,
  key: checkedByNode,
  maxVersion: checkedByNode,
  minVersion: checkedByNode,
  passphrase: checkedByNode,
  pfx: checkedByNode,
  rejectUnauthorized: boolean,
  requestCert: boolean,
  secureOptions: checkedByNode,
  sessionIdContext: checkedByNode,
  sessionTimeout: checkedByNode,
  sigalgs: checkedByNode,
  ticketKeys: checkedByNode,
};

/** Why some options of `tls.createServer` must be left out: the server has them elsewhere, or decides for itself. */
const whyLeftOut: Readonly<Record<string, string>> = {
  allowHalfOpen: 'it is an option of the server',
  handshakeTimeout: 'openTimeout says how long a handshake may take',
  pauseOnConnect: 'a connection is always paused until it has a handler',
};

/**
 * Checks the names and the kinds of TLS options. A bad key or certificate shows only when a `TlsUpgrader` is made of
 * the options.
 * @throws {@link InvalidOptionError} for `tls`, or for `tls.` and the name of one option
 */
export function checkTlsOptions(options: unknown): asserts options is TlsOptions {
  const entries = entriesOf(options);
  if (entries === undefined) throw new InvalidOptionError('tls', options, 'an object');
  for (const [name, value] of entries) {
    const why = Object.hasOwn(whyLeftOut, name) ? whyLeftOut[name] : undefined;
    if (why !== undefined) throw new InvalidOptionError(`tls.${name}`, value, `left out: ${why}`);
  }
  check(options, checks, 'tls.');
  const { key, cert, pfx, SNICallback } = options as TlsOptions;
  if (key && !cert) throw new InvalidOptionError('tls.cert', cert, 'there, because tls.key is');
  if (cert && !key) throw new InvalidOptionError('tls.key', key, 'there, because tls.cert is');
  // Node would make a server of these options, and that server would refuse each client
  if (!cert && !pfx && !SNICallback) throw invalidTls('given a certificate: cert and key, pfx, or SNICallback');
}

/**
 * The error for TLS options that are bad as a whole. The options stay out of the error: errors get logged, and a
 * private key must not be.
 */
export const invalidTls = (allowed: string): InvalidOptionError => new InvalidOptionError('tls', {}, allowed);

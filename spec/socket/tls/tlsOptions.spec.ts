import { describe, expect, it } from '@jest/globals';
import { inspect, types } from 'node:util';
import { TlsUpgrader } from '../../../actors/socket/tls/tlsUpgrader';
import { checkTlsOptions } from '../../../machines/options/tlsOptions';
import { InvalidOptionError } from '../../../machines/vocabulary/errors';
import { issue } from '../../support/tls/certificates';

const a = issue('a.test').pem;
const b = issue('b.test').pem;

/** The error that is thrown. */
function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown');
}

const check = (options: unknown): void => {
  checkTlsOptions(options);
};

describe('The check of TLS options', () => {
  it.each<[string, object]>([
    ['key and cert', a],
    ['pfx', { pfx: Buffer.alloc(1) }],
    ['SNICallback alone', { SNICallback: () => undefined }],
    ['an option that is undefined', { ...a, ca: undefined }],
    ['ALPN names', { ...a, ALPNProtocols: ['h2'] }],
    ['ALPN names in a buffer', { ...a, ALPNProtocols: Buffer.from('\x02h2') }],
  ])('takes %s', (_, options) => {
    expect(() => {
      check(options);
    }).not.toThrow();
  });

  it.each<[string, unknown, string]>([
    ['tls', undefined, "Option 'tls' is missing, but must be an object"],
    ['tls', 'cert.pem', "Option 'tls' is 'cert.pem', but must be an object"],
    ['tls', {}, "Option 'tls' is an object, but must be given a certificate: cert and key, pfx, or SNICallback"],
    ['tls.key', { cert: a.cert }, "Option 'tls.key' is missing, but must be there, because tls.cert is"],
    ['tls.cert', { key: a.key }, "Option 'tls.cert' is missing, but must be there, because tls.key is"],
    ['tls.requestCert', { ...a, requestCert: 'true' }, "Option 'tls.requestCert' is 'true', but must be true or false"],
    ['tls.ALPNCallback', { ...a, ALPNCallback: 'h2' }, "Option 'tls.ALPNCallback' is 'h2', but must be a function"],
    [
      'tls.ALPNProtocols',
      { ...a, ALPNProtocols: 'h2' },
      "Option 'tls.ALPNProtocols' is 'h2', but must be a list of names that are not empty, or a buffer of them as ALPN sends it",
    ],
    [
      'tls.handshakeTimeout',
      { ...a, handshakeTimeout: 5_000 },
      "Option 'tls.handshakeTimeout' is 5000, but must be left out: openTimeout says how long a handshake may take",
    ],
  ])('refuses %s, case %#', (option, options, message) => {
    const error = errorOf(() => {
      check(options);
    });
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({ option, message });
  });

  it('names all options for one that is none of them', () => {
    const error = errorOf(() => {
      check({ ...a, sniCallback: 1 });
    });
    expect(error).toMatchObject({ option: 'tls.sniCallback' });
    expect(String(error)).toMatch(/there is no such option. The options are .*SNICallback/);
    expect(String(error)).not.toContain('handshakeTimeout');
  });
});

describe('What OpenSSL refuses', () => {
  it.each<[string, object, string]>([
    ['a certificate that is none', { ...a, cert: 'rubbish' }, 'no start line'],
    ['a key of another certificate', { key: a.key, cert: b.cert }, 'key values mismatch'],
    ['a cipher that is none', { ...a, ciphers: 'ROT13' }, 'no cipher match'],
    ['a version that is none', { ...a, minVersion: 'TLSv9' }, 'not a valid minimum TLS protocol version'],
    ['ticket keys of another length', { ...a, ticketKeys: Buffer.alloc(3) }, 'must be exactly 48 bytes'],
    ['two ways to choose a protocol', { ...a, ALPNProtocols: ['h2'], ALPNCallback: () => 'h2' }, 'ALPNCallback'],
  ])('is an invalid option: %s', (_, options, words) => {
    const error = errorOf(() => new TlsUpgrader(options)) as InvalidOptionError;
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error.option).toBe('tls');
    expect(error.message).toContain(words);
    expect(types.isNativeError(error.cause)).toBe(true);
  });

  it('is told without the private key', () => {
    const error = errorOf(() => new TlsUpgrader({ key: a.key, cert: b.cert }));
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('PRIVATE KEY');
  });
});

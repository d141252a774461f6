/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'expectRefusal'] }] */
import { describe, expect, it } from '@jest/globals';
import { createServerCore, createSingleServer, echo, InvalidOptionError } from '../../server/index';
import { issue } from '../support/tls/certificates';
import { expectNothingOpened, expectRefusal, revoked, unreadable, ways } from '../support/optionRefusals';

const bool = 'true or false';
const cidrs = "an array of IP addresses and CIDR blocks, such as ['192.0.2.1', '10.0.0.0/8', '2001:db8::/32']";
const notBoolean = ['true', 0, 1, null, {}, NaN];
const notFunctions = ['h2', 5, null, true, {}];
const { pem } = issue('a.test');

/** The options around a bad value, the value's place in them, the text for the allowed values, and bad values. */
const cases: [string, (value: unknown) => object, string, unknown[]][] = [
  [
    'proxyProtocol',
    (proxyProtocol) => ({ proxyProtocol }),
    'an object with trusted, a list of addresses',
    [null, true, 5, '10.0.0.0/8', [], () => ({ trusted: [] }), revoked()],
  ],
  [
    'proxyProtocol.trusted',
    (trusted) => ({ proxyProtocol: { trusted } }),
    cidrs,
    [undefined, null, '10.0.0.0/8', {}, ['localhost'], ['10.0.0.0/33'], [5], new Array(1)],
  ],
  [
    'proxyProtocol.untrusted',
    (untrusted) => ({ proxyProtocol: { trusted: [], untrusted } }),
    "'reject' or 'direct'",
    ['', 'Reject', 'accept', null, true, 0],
  ],
  [
    'proxyProtocol.maxHeaderBytes',
    (maxHeaderBytes) => ({ proxyProtocol: { trusted: [], maxHeaderBytes } }),
    'a whole number from 232 to 65551',
    [231, 65_552, 0, -1, 232.5, NaN, Infinity, '4096', null],
  ],
  ['proxyProtocol', (proxyProtocol) => ({ proxyProtocol }), 'an object', [unreadable('trusted')]],
  ['tls', (tls) => ({ tls }), 'an object', [null, true, 5, 'cert.pem', [], () => pem, revoked(), unreadable('key')]],
  ['tls.key', () => ({ tls: { cert: pem.cert } }), 'there, because tls.cert is', [undefined]],
  ['tls.cert', () => ({ tls: { key: pem.key } }), 'there, because tls.key is', [undefined]],
  ['tls.requestCert', (requestCert) => ({ tls: { ...pem, requestCert } }), bool, notBoolean],
  ['tls.rejectUnauthorized', (value) => ({ tls: { ...pem, rejectUnauthorized: value } }), bool, notBoolean],
  ['tls.honorCipherOrder', (value) => ({ tls: { ...pem, honorCipherOrder: value } }), bool, notBoolean],
  ['tls.SNICallback', (SNICallback) => ({ tls: { SNICallback } }), 'a function', notFunctions],
  ['tls.ALPNCallback', (ALPNCallback) => ({ tls: { ...pem, ALPNCallback } }), 'a function', notFunctions],
  [
    'tls.ALPNProtocols',
    (ALPNProtocols) => ({ tls: { ...pem, ALPNProtocols } }),
    'a list of names that are not empty, or a buffer of them as ALPN sends it',
    ['h2', 5, null, true, {}, [''], [5], ['h2', null]],
  ],
  [
    'restart',
    (restart) => ({ restart }),
    'an object with max, a whole number from 0 or Infinity, within and delay, whole numbers of milliseconds',
    [null, 5, [], revoked(), unreadable('max')],
  ],
  ['starttls', (starttls) => ({ starttls }), 'left out, because there is no tls', [true]],
];

describe.each(ways)('%s', (_, attempt) => {
  expectNothingOpened();

  it.each(cases)('refuses each bad value of %s', (option, around, allowed, values) => {
    for (const value of values) expectRefusal(attempt({ protocol: echo, ...around(value) }), option, value, allowed);
  });

  it.each([
    ['proxyProtocol.trust', { proxyProtocol: { trusted: [], trust: 5 } }, /The options are trusted, untrusted, max/],
    ['proxyProtocol.toString', { proxyProtocol: { trusted: [], toString: 5 } }, /there is no such option/],
    ['tls.sniCallback', { tls: { ...pem, sniCallback: 5 } }, /The options are .*SNICallback/],
    ['tls.handshakeTimeout', { tls: { ...pem, handshakeTimeout: 5 } }, /left out: openTimeout says how long/],
    ['tls.pauseOnConnect', { tls: { ...pem, pauseOnConnect: 5 } }, /left out: a connection is always paused/],
    ['tls.allowHalfOpen', { tls: { ...pem, allowHalfOpen: 5 } }, /left out: it is an option of the server/],
  ])('refuses %s, which is no option', (option, options, message) => {
    const error = attempt({ protocol: echo, ...options });
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({ option, value: 5, message: expect.stringMatching(message) });
  });

  it('refuses tls that has no certificate, and keeps its value to itself', () => {
    const error = attempt({ protocol: echo, tls: { passphrase: 'secret' } });
    const allowed = 'given a certificate: cert and key, pfx, or SNICallback';
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({ option: 'tls', value: {}, allowed });
  });
});

describe.each([
  ['createServerCore', createServerCore],
  ['createSingleServer', createSingleServer],
])('%s, given a certificate that is none', (_, create) => {
  expectNothingOpened();

  it('fails to start with the option, without the key, before anything is opened', async () => {
    const server = create({ protocol: echo, port: 0, tls: { key: pem.key, cert: 'rubbish' } });
    const error: unknown = await server.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({ option: 'tls', value: {}, cause: { code: 'ERR_OSSL_PEM_NO_START_LINE' } });
    await expect(server.closed).rejects.toBe(error);
    expect(server.actor.getSnapshot()).toMatchObject({ status: 'error', error });
  });
});

import { describe, expect, it } from '@jest/globals';
import { cidrs, parseCidr } from '../../machines/options/cidr';
import { InvalidOptionError } from '../../machines/vocabulary/errors';
import { check } from '../../machines/options/optionChecks';

const checked = (allow: unknown) => (): void => {
  check({ allow }, { allow: cidrs });
};

describe('A CIDR block', () => {
  it.each([
    ['10.0.0.0/8', { family: 'ipv4', address: '10.0.0.0', prefix: 8 }],
    ['0.0.0.0/0', { family: 'ipv4', address: '0.0.0.0', prefix: 0 }],
    ['192.0.2.1', { family: 'ipv4', address: '192.0.2.1', prefix: 32 }],
    ['2001:db8::/32', { family: 'ipv6', address: '2001:db8::', prefix: 32 }],
    ['::/0', { family: 'ipv6', address: '::', prefix: 0 }],
    ['::1', { family: 'ipv6', address: '::1', prefix: 128 }],
    ['::ffff:10.0.0.0/104', { family: 'ipv4', address: '10.0.0.0', prefix: 8 }],
    ['::ffff:0:0/96', { family: 'ipv4', address: '0.0.0.0', prefix: 0 }],
    ['::ffff:192.0.2.1', { family: 'ipv4', address: '192.0.2.1', prefix: 32 }],
  ])('may be %s', (text, block) => {
    expect(parseCidr(text)).toEqual(block);
    expect(checked([text])).not.toThrow();
  });

  it.each([
    '',
    '/8',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '10.0.0.0/8.0',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    '10.0.0/8',
    '10/8',
    '010.0.0.1',
    '0x0a.0.0.1',
    '256.0.0.1',
    ' 10.0.0.1',
    '10.0.0.1\n',
    '::/129',
    '::1/0128',
    'fe80::1%eth0',
    'fe80::%eth0/64',
    '[::1]',
    '::ffff:10.0.0.0/8',
    '2001:db8/32',
  ])('may not be %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
    expect(checked(['10.0.0.0/8', text])).toThrow(InvalidOptionError);
  });
});

describe('A list of CIDR blocks', () => {
  it('may be empty', () => {
    expect(checked([])).not.toThrow();
  });

  it.each([
    ['a string', '10.0.0.0/8'],
    ['a set', new Set(['::1'])],
    ['one with a number', [10]],
    ['one with a hole', Array(1)],
  ])('may not be %s', (_, list) => {
    expect(checked(list)).toThrow(InvalidOptionError);
  });
});

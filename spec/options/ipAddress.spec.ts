import { describe, expect, it } from '@jest/globals';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { parseIp } from '../../machines/options/ipAddress';

describe('An IP address', () => {
  it.each([
    ['192.0.2.1', 'ipv4', '192.0.2.1'],
    ['::ffff:192.0.2.1', 'ipv4', '192.0.2.1'],
    ['::FFFF:c000:0201', 'ipv4', '192.0.2.1'],
    ['0:0:0:0:0:ffff:255.255.255.255', 'ipv4', '255.255.255.255'],
    ['fe80::1%eth0', 'ipv6', 'fe80::1'],
    ['::ffff:0:192.0.2.1', 'ipv6', '::ffff:0:192.0.2.1'],
    ['1::ffff:192.0.2.1', 'ipv6', '1::ffff:192.0.2.1'],
    ['::1:192.0.2.1', 'ipv6', '::1:192.0.2.1'],
    ['::192.0.2.1', 'ipv6', '::192.0.2.1'],
  ])('%s is of family %s', (text, family, plain) => {
    expect(parseIp(text)).toMatchObject({ family, text: plain });
  });

  it.each([
    ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['2001:db8::1', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]],
    ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['1:2:3:4:5:6:1.2.3.4', [1, 2, 3, 4, 5, 6, 0x102, 0x304]],
    ['1::', [1, 0, 0, 0, 0, 0, 0, 0]],
    ['ABCD::00ef', [0xabcd, 0, 0, 0, 0, 0, 0, 0xef]],
  ])('%s has the groups %j', (text, groups) => {
    expect(parseIp(text)).toMatchObject({ groups });
  });

  it.each(['1:2:3:4::5:6:7:8', '1::2::3', '::1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:1.2.3.4', ':1::', ':::'])(
    '%s is none',
    (text) => {
      expect(parseIp(text)).toBeUndefined();
    },
  );

  it('is one exactly when Node says so', () => {
    const part = fc.constantFrom('0', '1', '00', '01', '255', '256', 'ffff', '0db8', '12345', 'g', '', ' ', '1.2.3.4');
    const separator = fc.constantFrom(':', ':', ':', '::', '.', '.');
    const texts = fc
      .array(fc.tuple(part, separator), { minLength: 1, maxLength: 9 })
      .map((pieces) => pieces.flat())
      .chain((pieces) => fc.constantFrom(pieces.join(''), pieces.slice(0, -1).join(''), pieces.slice(1).join('')));
    const addresses = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), texts, texts);
    fc.assert(
      fc.property(
        addresses.filter((text) => !text.includes('%')),
        (text) => {
          expect([text, parseIp(text) !== undefined]).toEqual([text, isIP(text) !== 0]);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

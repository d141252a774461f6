import { describe, expect, it, jest } from '@jest/globals';
import { BlockList } from 'node:net';
import fc from 'fast-check';
import { isIn } from '../../actors/socket/addressList';
import { check } from '../../machines/options/optionChecks';
import { cidrs } from '../../machines/options/cidr';

const bitsOf = (numbers: readonly number[], width: number): string =>
  numbers.map((n) => n.toString(2).padStart(width, '0')).join('');

const dotted = (octets: readonly number[]): string => octets.join('.');
const colons = (groups: readonly number[]): string => groups.map((n) => n.toString(16)).join(':');

/** Only a few different numbers, so that addresses often lie in blocks. */
const numbers = (length: number, most: number): fc.Arbitrary<number[]> =>
  fc.array(fc.constantFrom(0, 1, most >> 1, (most >> 1) + 1, most), { minLength: length, maxLength: length });

interface Block {
  readonly text: string;
  readonly family: 4 | 6;
  /** The bits that the addresses of the block begin with. An address has all its bits. */
  readonly bits: string;
}
interface Address extends Block {
  /** The number of bits before these that a prefix counts: 96 for an IPv4-mapped address, else 0. */
  readonly before: number;
}

const ipv4: fc.Arbitrary<Address> = numbers(4, 255).chain((octets) =>
  fc.constantFrom(
    { text: dotted(octets), family: 4, bits: bitsOf(octets, 8), before: 0 } as const,
    { text: `::ffff:${dotted(octets)}`, family: 4, bits: bitsOf(octets, 8), before: 96 } as const,
  ),
);
const ipv6: fc.Arbitrary<Address> = numbers(7, 0xffff)
  // never an IPv4-mapped address
  .map((groups) => [0x2000, ...groups])
  .map((groups) => ({ text: colons(groups), family: 6, bits: bitsOf(groups, 16), before: 0 }));
const address = fc.oneof(ipv4, ipv6);
const block: fc.Arbitrary<Block> = address.chain(({ text, family, bits, before }) =>
  fc.integer({ min: 0, max: bits.length }).map((prefix) => ({
    text: `${text}/${String(before + prefix)}`,
    family,
    bits: bits.slice(0, prefix),
  })),
);

describe('A list of addresses and blocks', () => {
  it('has the addresses whose first bits are those of a block', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(address, block), { maxLength: 5 }), address, (entries, { text, family, bits }) => {
        const list = entries.map((entry) => entry.text);
        check({ list }, { list: cidrs });
        const expected = entries.some((entry) => entry.family === family && bits.startsWith(entry.bits));
        expect([list, text, isIn(list, text)]).toEqual([list, text, expected]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['2001:db8::1', '2001:0DB8:0:0::1', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '192.0.2.1', false],
    ['::/0', '::ffff:192.0.2.1', false],
  ])('%s: whether %s is in it', (entry, text, expected) => {
    expect(isIn([entry], text)).toBe(expected);
  });

  it.each(['', 'localhost', '/run/socket', '0.0.0.0/0'])('never has %j', (text) => {
    expect(isIn(['0.0.0.0/0', '::/0'], text)).toBe(false);
  });

  it('has nothing when it is empty', () => {
    expect(isIn([], '127.0.0.1')).toBe(false);
  });

  it('is read once', () => {
    const read = jest.spyOn(BlockList.prototype, 'addSubnet');
    const list = ['192.0.2.1', '192.0.2.2'];
    for (const address of list) expect(isIn(list, address)).toBe(true);
    expect(read).toHaveBeenCalledTimes(2);
    read.mockRestore();
  });
});

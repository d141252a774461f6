/** Blocks of IP addresses, as options write them. */
import { parseIp, type IpAddress } from './ipAddress';
import type { Check } from './optionChecks';

/** The addresses of one family whose first `prefix` bits are those of `address`. */
export interface Cidr {
  readonly family: IpAddress['family'];
  readonly address: string;
  readonly prefix: number;
}

/**
 * Reads a block such as `10.0.0.0/8` or `2001:db8::/32` (RFC 4632, RFC 4291), or one address. Bits behind the prefix
 * don't count. A block of IPv4-mapped addresses, `::ffff:10.0.0.0/104`, is the block of the IPv4 addresses in it.
 * Returns undefined for any other text.
 */
export function parseCidr(text: string): Cidr | undefined {
  const [, written = '', digits] = /^([^/%]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const ip = parseIp(written);
  if (ip === undefined) return undefined;
  const longest = written.includes(':') ? 128 : 32;
  // a mapped block with a shorter prefix is a slip: ::ffff:10.0.0.0/8 was meant to be /104
  const shortest = longest === 128 && ip.family === 'ipv4' ? 96 : 0;
  const prefix = digits === undefined ? longest : Number(digits);
  if (prefix < shortest || prefix > longest) return undefined;
  return { family: ip.family, address: ip.text, prefix: prefix - shortest };
}

/** The check of a list of addresses and blocks. */
export const cidrs: Check = {
  allowed: "an array of IP addresses and CIDR blocks, such as ['192.0.2.1', '10.0.0.0/8', '2001:db8::/32']",
  // the copy has no holes, which every() would pass over
  test: (value) =>
    Array.isArray(value) &&
    [...(value as readonly unknown[])].every((entry) => typeof entry === 'string' && parseCidr(entry) !== undefined),
};

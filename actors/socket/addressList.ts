import { BlockList } from 'node:net';
import { parseCidr, type Cidr } from '../../machines/options/cidr';
import { parseIp } from '../../machines/options/ipAddress';

/** A list as Node looks through it: 3 µs for 100 blocks, 8 µs for 1,000. One for each family, because Node lets `::/0` match every IPv4 address. */
type Compiled = Readonly<Record<Cidr['family'], BlockList>>;

const compiled = new WeakMap<readonly string[], Compiled>();

/**
 * Whether an address is in a list of addresses and CIDR blocks that the check `cidrs` has let pass. The list must not
 * change: it is read once.
 *
 * An IPv4-mapped address (`::ffff:192.0.2.1`: an IPv4 client of a server on `::`) is the IPv4 address in it. Blocks of one
 * family match no address of the other. What is no IP address, as the `''` of a unix socket's client, is in no list.
 */
export function isIn(list: readonly string[], address: string): boolean {
  const ip = parseIp(address);
  return ip !== undefined && compile(list)[ip.family].check(ip.text, ip.family);
}

function compile(list: readonly string[]): Compiled {
  const known = compiled.get(list);
  if (known !== undefined) return known;
  const made: Compiled = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const text of list) {
    const block = parseCidr(text);
    if (block !== undefined) made[block.family].addSubnet(block.address, block.prefix, block.family);
  }
  compiled.set(list, made);
  return made;
}

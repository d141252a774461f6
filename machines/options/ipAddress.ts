/**
 * IP addresses as text, read strictly. `010.0.0.1` is no address: one program takes it for 8.0.0.1, another for
 * 10.0.0.1.
 */

/** An IP address. An IPv4-mapped one (`::ffff:192.0.2.1`; RFC 4291, 2.5.5.2) stands for the IPv4 address in it. */
export type IpAddress = Ipv4Address | Ipv6Address;

interface Ipv4Address {
  readonly family: 'ipv4';
  readonly text: string;
}

interface Ipv6Address {
  readonly family: 'ipv6';
  readonly text: string;
  /** The address as eight numbers of 16 bits. */
  readonly groups: readonly number[];
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const group = /^[\da-f]{1,4}$/i;

/** Reads an address. A zone (`%eth0`) is left out. Returns undefined for any other text. */
export function parseIp(address: string): IpAddress | undefined {
  if (!address.includes(':')) return ipv4.test(address) ? { family: 'ipv4', text: address } : undefined;
  const zone = address.indexOf('%');
  const text = zone === -1 ? address : address.slice(0, zone);
  const groups = groupsOf(text);
  if (groups === undefined) return undefined;
  const isMapped = groups.findIndex((n) => n !== 0) === 5 && groups[5] === 0xffff;
  return isMapped ? { family: 'ipv4', text: dotted(groups.slice(6)) } : { family: 'ipv6', text, groups };
}

const dotted = (groups: readonly number[]): string => groups.flatMap((n) => [n >> 8, n & 0xff]).join('.');

/** The groups of a text such as `2001:db8::192.0.2.1` (RFC 4291, 2.2), or undefined. */
function groupsOf(text: string): readonly number[] | undefined {
  const tail = text.slice(text.lastIndexOf(':') + 1);
  if (tail.includes('.')) {
    if (!ipv4.test(tail)) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number);
    const hex = [(a << 8) | b, (c << 8) | d].map((n) => n.toString(16)).join(':');
    return groupsOf(text.slice(0, -tail.length) + hex);
  }
  const [head = [], rest, ...others] = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  if (others.length > 0) return undefined;
  const missing = 8 - head.length - (rest?.length ?? 0);
  // :: stands for at least one group
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array<string>(missing).fill('0'), ...(rest ?? [])];
  return all.every((digits) => group.test(digits)) ? all.map((digits) => parseInt(digits, 16)) : undefined;
}

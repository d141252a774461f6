import { SocketAddress } from 'node:net';

/** An IPv6 address in the one form that Node writes, so that the same client always has the same text. */
export const canonicalIPv6 = (address: string): string => new SocketAddress({ address, family: 'ipv6' }).address;

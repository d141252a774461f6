import { SocketAddress } from 'node:net';

/** The one way in which Node writes an IPv6 address, so that the same client always has the same text. */
export const canonicalIPv6 = (address: string): string => new SocketAddress({ address, family: 'ipv6' }).address;

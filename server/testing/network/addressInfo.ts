import type { AddressInfo } from 'node:net';
import type { EndAddress } from './networkState';

/** An address as Node describes it; undefined for a unix socket. */
export const addressInfo = ({ address, port }: EndAddress): AddressInfo | undefined =>
  port === undefined ? undefined : { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' };

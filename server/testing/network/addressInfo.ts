import type { AddressInfo } from 'node:net';
import type { EndAddress } from './wire';

/** What Node tells of an address; of a unix socket's, nothing. */
export const addressInfo = ({ address, port }: EndAddress): AddressInfo | undefined =>
  port === undefined ? undefined : { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' };

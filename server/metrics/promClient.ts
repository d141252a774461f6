import type * as PromClient from 'prom-client';
import { loadPeer } from '../loadPeer';

/**
 * Loads prom-client, an optional peer.
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` when prom-client isn't installed
 */
export const promClient = (): typeof PromClient =>
  loadPeer('prom-client', 'Measuring for Prometheus') as typeof PromClient;

import type * as PromClient from 'prom-client';
import { loadPeer } from '../loadPeer';

/**
 * The optional peer.
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` when it isn't installed
 */
export const promClient = (): typeof PromClient =>
  loadPeer('prom-client', 'Measuring for Prometheus') as typeof PromClient;

import type { AnyActorRef } from 'xstate';
import { isActive } from '../../actors/xstate/relay';
import { check, text } from '../../machines/options/optionChecks';
import { stateOf } from '../anyServer';
import { isReady } from '../readiness';
import { promClient } from '../metrics/promClient';
import { prometheusMetrics } from '../metrics/prometheusMetrics';
import { plain, servePages, type MakePage } from './pageServer';

/** Which pages a monitor serves, and where. */
export interface MonitorOptions {
  /** The port of `/livez` and `/readyz`. Without this option, neither is served. */
  readonly readyPort?: number;
  /** The port of `/metrics`, which may be the same as `readyPort`. Without this option, `/metrics` isn't served. */
  readonly metricsPort?: number;
  /** The address to listen on. */
  readonly monitorHost: string;
}

/** The pages about a server's health and figures, as they are served. */
export interface Monitor {
  /** The addresses of `/readyz` and `/metrics`, of those that are served. */
  readonly urls: Readonly<Partial<Record<'ready' | 'metrics', string>>>;
  /** From now on `/readyz` says no, whatever the server's state. */
  leave(): void;
  /** Closes the ports, and all connections to them. */
  stop(): Promise<void>;
}

/**
 * Serves `/livez` and `/readyz` for load balancers, `/metrics` for Prometheus.
 * @throws {@link InvalidOptionError} when `monitorHost` is bad; nothing has been opened then
 * @throws {@link ListenError} when a port can't be opened
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` when `metricsPort` is given and prom-client isn't installed
 */
export async function startMonitor(server: AnyActorRef, options: MonitorOptions): Promise<Monitor> {
  const { readyPort, metricsPort, monitorHost } = options;
  check({ monitorHost }, { monitorHost: text });
  let isLeaving = false;
  const byPort = new Map<number, Map<string, MakePage>>();
  const add = (port: number | undefined, path: string, make: MakePage): void => {
    if (port === undefined) return;
    const pages = byPort.get(port) ?? new Map<string, MakePage>();
    byPort.set(port, pages.set(path, make));
  };
  add(readyPort, '/livez', () => (isActive(server) ? plain(200, 'live') : plain(503, stateOf(server))));
  add(readyPort, '/readyz', () => {
    if (!isReady(server)) return plain(503, `not ready: ${stateOf(server)}`);
    return isLeaving ? plain(503, 'not ready: about to drain') : plain(200, 'ready');
  });
  if (metricsPort !== undefined) add(metricsPort, '/metrics', metricsOf(server));

  const pageServers = await Promise.all(
    [...byPort].map(async ([port, pages]) => ({ port, ...(await servePages(pages, monitorHost, port)) })),
  );
  const urlOf = (port: number | undefined): string | undefined =>
    pageServers.find((pageServer) => pageServer.port === port)?.url;
  const [ready, metrics] = [urlOf(readyPort), urlOf(metricsPort)];
  return {
    urls: {
      ...(ready !== undefined && { ready: `${ready}/readyz` }),
      ...(metrics !== undefined && { metrics: `${metrics}/metrics` }),
    },
    leave: () => {
      isLeaving = true;
    },
    stop: async () => {
      await Promise.all(pageServers.map((pageServer) => pageServer.stop()));
    },
  };
}

function metricsOf(server: AnyActorRef): MakePage {
  const { Registry } = promClient();
  const registry = new Registry();
  prometheusMetrics(server, { registry });
  return async () => ({ status: 200, text: await registry.metrics(), contentType: registry.contentType });
}

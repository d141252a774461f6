import type { AnyActorRef } from 'xstate';
import { isActive } from '../../actors/xstate/relay';
import { check, text } from '../../machines/options/optionChecks';
import { isReady, stateOf } from '../anyServer';
import { promClient } from '../metrics/promClient';
import { prometheusMetrics } from '../metrics/prometheusMetrics';
import { plain, servePages, type MakePage } from './pageServer';

/** What of a server is shown over HTTP, and where. */
export interface MonitorOptions {
  /** The port of `/livez` and `/readyz`; without it there is neither. */
  readonly readyPort?: number;
  /** The port of `/metrics`; without it there is none. It may be the same port. */
  readonly metricsPort?: number;
  /** The address to listen on. */
  readonly monitorHost: string;
}

/** Shows a server's health to those that run it. */
export interface Monitor {
  /** Where to look, as far as there is something. */
  readonly urls: Readonly<Partial<Record<'ready' | 'metrics', string>>>;
  /** From now on the server is not ready, whatever its state. */
  leave(): void;
  stop(): Promise<void>;
}

/**
 * Serves `/livez` and `/readyz` for load balancers, `/metrics` for Prometheus.
 * @throws {@link InvalidOptionError} before anything is opened
 * @throws {@link ListenError} when a port can't be had
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` for metrics without prom-client
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

  const servers = await Promise.all(
    [...byPort].map(async ([port, pages]) => ({ port, ...(await servePages(pages, monitorHost, port)) })),
  );
  const urlOf = (port: number | undefined): string | undefined => servers.find((one) => one.port === port)?.url;
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
      await Promise.all(servers.map((one) => one.stop()));
    },
  };
}

function metricsOf(server: AnyActorRef): MakePage {
  const { Registry } = promClient();
  const registry = new Registry();
  prometheusMetrics(server, { registry });
  return async () => ({ status: 200, text: await registry.metrics(), contentType: registry.contentType });
}

import type * as PromClient from 'prom-client';
import { InvalidOptionError } from '../../machines/vocabulary/errors';
import { check, type Check } from '../../machines/options/optionChecks';
import { serverActor, type AnyServer, type Attachment } from '../anyServer';
import { instruments } from './instruments';
import type { Labels, MetricsRegistry } from './metricsRegistry';
import { promClient } from './promClient';
import { PrometheusExporter } from './prometheusExporter';

/** Options of {@link prometheusMetrics}. */
export interface PrometheusOptions {
  /**
   * The registry of prom-client that gets the metrics.
   * @defaultValue prom-client's global registry, `register`
   */
  readonly registry?: MetricsRegistry;
  /**
   * The beginning of all names of metrics. When the registry has another metric under one of the names, the prefix is
   * refused.
   * @defaultValue `'serverchart_'`
   */
  readonly prefix?: string;
  /**
   * Labels that tell this server from the others in the registry: `{ server: 'smtp' }`. All servers have labels of
   * the same names, and no two servers the same values.
   * @defaultValue `{}`, which is enough for one server
   */
  readonly labels?: Labels;
}

/** The labels of our own instruments, and the one that Prometheus gives to the buckets of a histogram. */
const reservedLabels: ReadonlySet<string> = new Set(['le', ...instruments.flatMap(({ label }) => label ?? [])]);

const isLabel = ([name, value]: [string, unknown]): boolean =>
  /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !reservedLabels.has(name) && typeof value === 'string';

const checks: Readonly<Record<keyof PrometheusOptions, Check>> = {
  registry: {
    allowed: "a Registry of prom-client's",
    test: (value) => typeof (value as MetricsRegistry).registerMetric === 'function',
  },
  prefix: {
    allowed: 'letters, digits, _ or :, not beginning with a digit',
    test: (value) => typeof value === 'string' && /^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(value),
  },
  labels: {
    allowed: `an object of strings by label names, none of which is ${[...reservedLabels].join(', ')}`,
    test: (value) => typeof value === 'object' && value !== null && Object.entries(value).every(isLabel),
  },
};

/** The exporters, each by every one of its metrics: when a program clears its registry, the exporter goes with them. */
const exporters = new WeakMap<object, PrometheusExporter>();

/**
 * Measures a server for Prometheus. docs/operating.md lists the metrics. Each scrape reads them off the server. Bytes
 * of connections that are still open count, too.
 *
 * Call this before the server starts: clients that were turned away before the call are not counted, and neither are
 * the durations of connections that ended before it. A server that has ended keeps its metrics until `detach`, so
 * that a scrape still gets its last figures.
 *
 * @example
 * ```ts
 * const server = createServerCore({ protocol: echo });
 * const metrics = prometheusMetrics(server, { labels: { server: 'echo' } });
 * await server.start();
 * console.log(await register.metrics());
 * ```
 * @returns an attachment that ends the measuring, and removes the server from the registry
 * @throws {@link InvalidOptionError} when `server` is no server, an option is bad, or another server has the same
 * labels
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` when prom-client isn't installed
 */
export function prometheusMetrics(server: AnyServer, options: PrometheusOptions = {}): Attachment {
  const actor = serverActor(server);
  check(options, checks);
  const client = promClient();
  const { registry = client.register as MetricsRegistry, prefix = 'serverchart_', labels = {} } = options;
  const exporter = exporterIn(registry, client, prefix, labels);
  if (!exporter.isFree(labels)) {
    throw new InvalidOptionError('labels', labels, 'values that no other server in this registry has');
  }
  return exporter.attach(actor, labels);
}

/** The exporter that the registry has under this prefix, or a new one. */
function exporterIn(
  registry: MetricsRegistry,
  client: typeof PromClient,
  prefix: string,
  labels: Labels,
): PrometheusExporter {
  const labelNames = Object.keys(labels).sort();
  const taken = PrometheusExporter.namesWith(prefix).find((name) => registry.getSingleMetric(name) !== undefined);
  if (taken !== undefined) {
    const exporter = exporters.get(registry.getSingleMetric(taken) as object);
    if (exporter === undefined) {
      throw new InvalidOptionError('prefix', prefix, `another one: the registry has a metric ${taken} already`);
    }
    if (exporter.labelNames.join() === labelNames.join()) return exporter;
    const words = exporter.labelNames.length === 0 ? 'left out' : `values for ${exporter.labelNames.join(', ')}`;
    throw new InvalidOptionError('labels', labels, `${words}, as for the registry's other servers`);
  }
  const newExporter = new PrometheusExporter(client, registry, prefix, labelNames);
  for (const metric of newExporter.metrics) exporters.set(metric, newExporter);
  return newExporter;
}

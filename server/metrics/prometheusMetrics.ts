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
   * The registry of prom-client that the metrics are for.
   * @defaultValue prom-client's own, `register`
   */
  readonly registry?: MetricsRegistry;
  /**
   * What the metrics' names begin with. A name that is taken in the registry is refused.
   * @defaultValue `'serverchart_'`
   */
  readonly prefix?: string;
  /**
   * What tells this server from the others in the registry: `{ server: 'smtp' }`. All of them have the same labels, no
   * two the same values.
   * @defaultValue `{}`, which is enough for one server
   */
  readonly labels?: Labels;
}

const ofOurs: ReadonlySet<string> = new Set(['le', ...instruments.flatMap(({ label }) => label ?? [])]);

const isLabel = ([name, value]: [string, unknown]): boolean =>
  /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !ofOurs.has(name) && typeof value === 'string';

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
    allowed: `texts by the names of labels, none of which is ${[...ofOurs].join(', ')}`,
    test: (value) => typeof value === 'object' && value !== null && Object.entries(value).every(isLabel),
  },
};

/** By one of its metrics, so that it goes with them when somebody clears the registry. */
const exporters = new WeakMap<object, PrometheusExporter>();

/**
 * Measures a server for Prometheus. The metrics are in docs/operating.md; they are read off the server when they are
 * asked for, and what open connections have moved so far counts.
 *
 * Attach before the server starts: clients that were turned away earlier, and the durations of connections that ended
 * earlier, are not known. A server that has ended keeps its metrics, so that its last figures are seen, until `detach`.
 *
 * @example
 * ```ts
 * const server = createServerCore({ protocol: echo });
 * const metrics = prometheusMetrics(server, { labels: { server: 'echo' } });
 * await server.start();
 * console.log(await register.metrics());
 * ```
 * @throws {@link InvalidOptionError}
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` without prom-client
 */
export function prometheusMetrics(server: AnyServer, options: PrometheusOptions = {}): Attachment {
  const actor = serverActor(server);
  check(options, checks);
  const client = promClient();
  const { registry = client.register as MetricsRegistry, prefix = 'serverchart_', labels = {} } = options;
  const exporter = exporterIn(registry, client, prefix, labels);
  if (!exporter.isFree(labels)) {
    throw new InvalidOptionError('labels', labels, 'what no other server in this registry has');
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
  const made = new PrometheusExporter(client, registry, prefix, labelNames);
  for (const metric of made.metrics) exporters.set(metric, made);
  return made;
}

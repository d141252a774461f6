import type * as PromClient from 'prom-client';
import type { AnyActorRef } from 'xstate';
import type { Attachment } from '../anyServer';
import { connectionDuration, instruments, prometheusName, type Instrument } from './instruments';
import type { Labels, MetricsRegistry } from './metricsRegistry';
import { ServerFigures } from './serverFigures';

interface MeasuredServer {
  readonly figures: ServerFigures;
  readonly labels: Labels;
}

/**
 * The metrics of all servers in one registry, under one prefix. The registry has the metrics until the last server is
 * detached.
 */
export class PrometheusExporter {
  /** The names of the servers' labels, sorted. All servers have the same ones. */
  readonly labelNames: readonly string[];
  readonly metrics: readonly PromClient.Metric[];
  readonly #registry: MetricsRegistry;
  readonly #durations: PromClient.Histogram;
  readonly #names: readonly string[];
  readonly #servers = new Set<MeasuredServer>();

  /** The names of all metrics that an exporter puts into its registry. */
  static namesWith(prefix: string): readonly string[] {
    return [...instruments, connectionDuration].map((instrument) => prefix + prometheusName(instrument));
  }

  constructor(client: typeof PromClient, registry: MetricsRegistry, prefix: string, labelNames: readonly string[]) {
    this.#registry = registry;
    this.#names = PrometheusExporter.namesWith(prefix);
    this.labelNames = [...labelNames].sort();
    const registers = [registry] as unknown as PromClient.Registry[];
    const { help, buckets } = connectionDuration;
    this.#durations = new client.Histogram({
      name: prefix + prometheusName(connectionDuration),
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers,
    });
    this.metrics = [
      ...instruments.map((instrument) => this.#metric(client, registers, prefix, instrument)),
      this.#durations,
    ];
  }

  /** Whether no server has these labels yet. */
  isFree(labels: Labels): boolean {
    return ![...this.#servers].some((other) => this.labelNames.every((name) => other.labels[name] === labels[name]));
  }

  /** Adds a server. Its labels must be free: see {@link isFree}. */
  attach(server: AnyActorRef, labels: Labels): Attachment {
    const figures = new ServerFigures(server, (seconds) => {
      this.#durations.observe(labels, seconds);
    });
    const measuredServer = { figures, labels };
    this.#servers.add(measuredServer);
    // so that the histogram has its series from the beginning, as the other metrics have
    this.#durations.zero(labels);
    return {
      detach: () => {
        if (!this.#servers.delete(measuredServer)) return;
        figures.stop();
        this.#durations.remove(labels);
        if (this.#servers.size === 0) this.#removeMetrics();
      },
    };
  }

  #metric(
    client: typeof PromClient,
    registers: PromClient.Registry[],
    prefix: string,
    instrument: Instrument,
  ): PromClient.Metric {
    const { label } = instrument;
    const Kind = instrument.kind === 'counter' ? client.Counter : client.Gauge;
    const metric: PromClient.Counter | PromClient.Gauge = new Kind({
      name: prefix + prometheusName(instrument),
      help: instrument.help,
      labelNames: [...this.labelNames, ...(label === undefined ? [] : [label])],
      registers,
      // prom-client keeps no values of ours: each scrape reads them anew
      collect: () => {
        metric.reset();
        for (const { figures, labels } of this.#servers) {
          for (const [value, labelValue] of instrument.read(figures)) {
            const isLabelled = label !== undefined && labelValue !== undefined;
            metric.inc(isLabelled ? { ...labels, [label]: labelValue } : labels, value);
          }
        }
      },
    });
    return metric;
  }

  #removeMetrics(): void {
    this.#names.forEach((name) => {
      // the program may have cleared the registry, and registered another metric under the name
      if (this.metrics.includes(this.#registry.getSingleMetric(name) as PromClient.Metric)) {
        this.#registry.removeSingleMetric(name);
      }
    });
  }
}

import type * as PromClient from 'prom-client';
import type { AnyActorRef } from 'xstate';
import type { Attachment } from '../anyServer';
import { connectionDuration, instruments, prometheusName, type Instrument } from './instruments';
import type { Labels, MetricsRegistry } from './metricsRegistry';
import { ServerFigures } from './serverFigures';

interface Measured {
  readonly figures: ServerFigures;
  readonly labels: Labels;
}

/** The metrics of all the servers in one registry, under one prefix. They are in the registry while there is a server. */
export class PrometheusExporter {
  /** Those of the servers, sorted. */
  readonly labelNames: readonly string[];
  readonly metrics: readonly PromClient.Metric[];
  readonly #registry: MetricsRegistry;
  readonly #durations: PromClient.Histogram;
  readonly #names: readonly string[];
  readonly #servers = new Set<Measured>();

  /** All the names that an exporter takes. */
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

  attach(server: AnyActorRef, labels: Labels): Attachment {
    const figures = new ServerFigures(server, (seconds) => {
      this.#durations.observe(labels, seconds);
    });
    const measured = { figures, labels };
    this.#servers.add(measured);
    // so that its series are there from the beginning, as those of the other metrics are
    this.#durations.zero(labels);
    return {
      detach: () => {
        if (!this.#servers.delete(measured)) return;
        figures.stop();
        this.#durations.remove(labels);
        if (this.#servers.size === 0) this.#leave();
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
      // prom-client keeps no values of ours: at each scrape they are read anew
      collect: () => {
        metric.reset();
        for (const { figures, labels } of this.#servers) {
          for (const [value, of] of instrument.read(figures)) {
            metric.inc(label === undefined || of === undefined ? labels : { ...labels, [label]: of }, value);
          }
        }
      },
    });
    return metric;
  }

  #leave(): void {
    this.#names.forEach((name) => {
      // somebody may have cleared the registry, and others may have taken the name
      if (this.metrics.includes(this.#registry.getSingleMetric(name) as PromClient.Metric)) {
        this.#registry.removeSingleMetric(name);
      }
    });
  }
}

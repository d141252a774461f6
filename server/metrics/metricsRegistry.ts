/** What users see of prom-client: described here, so that our types are whole for those who have it not. */

/** What is needed of prom-client's `Registry`. */
export interface MetricsRegistry {
  getSingleMetric(name: string): unknown;
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}

/** What tells the servers of a registry apart. */
export type Labels = Readonly<Record<string, string>>;

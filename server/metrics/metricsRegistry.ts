/**
 * The types of prom-client in our public API. They are written here, so that our types work where prom-client is
 * missing.
 */

/** The part of prom-client's `Registry` that serverchart uses. */
export interface MetricsRegistry {
  getSingleMetric(name: string): unknown;
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}

/** Labels that tell the servers in a registry apart: values by names. */
export type Labels = Readonly<Record<string, string>>;

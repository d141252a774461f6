/**
 * serverchart/metrics: measures running servers, for Prometheus or OpenTelemetry. The core never imports this module.
 * The module loads prom-client only when {@link prometheusMetrics} is called, and OpenTelemetry never.
 */
export { prometheusMetrics, type PrometheusOptions } from './prometheusMetrics';
export type { Labels, MetricsRegistry } from './metricsRegistry';
export {
  openTelemetryMetrics,
  type MeterAttributes,
  type MetricsMeter,
  type OpenTelemetryOptions,
} from './openTelemetryMetrics';
export type { AnyServer, Attachment } from '../anyServer';

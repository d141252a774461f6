/**
 * serverchart/metrics: measures running servers, for Prometheus or OpenTelemetry. The core never imports it, and it loads
 * neither of them before it is asked to.
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

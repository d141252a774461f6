import { InvalidOptionError } from '../../machines/vocabulary/errors';
import { check, type Check } from '../../machines/options/optionChecks';
import { serverActor, type AnyServer, type Attachment } from '../anyServer';
import { connectionDuration, instruments, type Instrument } from './instruments';
import { ServerFigures } from './serverFigures';

/** What tells servers apart. */
export type MeterAttributes = Readonly<Record<string, string | number | boolean>>;

type Observe = (result: { observe(value: number, attributes: MeterAttributes): void }) => void;

interface Observable {
  addCallback(callback: Observe): void;
  removeCallback(callback: Observe): void;
}

interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
}

interface HistogramOptions extends InstrumentOptions {
  readonly advice: { explicitBucketBoundaries: number[] };
}

/**
 * What is needed of a `Meter` of `@opentelemetry/api` 1.7 or later. It isn't imported from there, so that our types are
 * whole for those who have it not.
 */
export interface MetricsMeter {
  createObservableCounter(name: string, options: InstrumentOptions): Observable;
  createObservableUpDownCounter(name: string, options: InstrumentOptions): Observable;
  createObservableGauge(name: string, options: InstrumentOptions): Observable;
  createHistogram(
    name: string,
    options: HistogramOptions,
  ): { record(value: number, attributes: MeterAttributes): void };
}

/** Options of {@link openTelemetryMetrics}. */
export interface OpenTelemetryOptions {
  /** What makes the instruments: `metrics.getMeter('my-app')`. Required. */
  readonly meter: MetricsMeter;
  /**
   * What is added to each measurement, to tell this server from others.
   * @defaultValue `{}`, which is enough for one server
   */
  readonly attributes?: MeterAttributes;
}

const makers = {
  counter: 'createObservableCounter',
  upDownCounter: 'createObservableUpDownCounter',
  gauge: 'createObservableGauge',
} as const satisfies Record<Instrument['kind'], keyof MetricsMeter>;

const checks: Readonly<Record<keyof OpenTelemetryOptions, Check>> = {
  meter: {
    allowed: 'a Meter of @opentelemetry/api',
    test: (value) =>
      [...Object.values(makers), 'createHistogram' as const].every(
        (name) => typeof (value as MetricsMeter)[name] === 'function',
      ),
  },
  attributes: { allowed: 'an object', test: (value) => typeof value === 'object' && value !== null },
};

/** OpenTelemetry asks for names that say whose they are. */
const nameOf = ({ name }: { readonly name: string }): string => `serverchart.${name}`;

/**
 * Measures a server for OpenTelemetry. The instruments are those of {@link prometheusMetrics}, with the same remarks,
 * under the names `serverchart.connections.open` and so on.
 *
 * @example
 * ```ts
 * const server = createServerCore({ protocol: echo });
 * openTelemetryMetrics(server, { meter: metrics.getMeter('mail'), attributes: { server: 'smtp' } });
 * await server.start();
 * ```
 * @throws {@link InvalidOptionError}
 */
export function openTelemetryMetrics(server: AnyServer, options: OpenTelemetryOptions): Attachment {
  const actor = serverActor(server);
  check(options, checks);
  const { meter, attributes = {} } = options;
  if ((meter as unknown) === undefined) throw new InvalidOptionError('meter', meter, checks.meter.allowed);
  const { help, unit, buckets } = connectionDuration;
  const advice = { explicitBucketBoundaries: [...buckets] };
  const durations = meter.createHistogram(nameOf(connectionDuration), { description: help, unit, advice });
  const figures = new ServerFigures(actor, (seconds) => {
    durations.record(seconds, attributes);
  });
  const observed = instruments.map((instrument) => {
    const { kind, help: description, unit, label, read } = instrument;
    const observable = meter[makers[kind]](nameOf(instrument), { description, unit });
    const observe: Observe = (result) => {
      for (const [value, of] of read(figures)) {
        result.observe(value, label === undefined || of === undefined ? attributes : { ...attributes, [label]: of });
      }
    };
    observable.addCallback(observe);
    return { observable, observe };
  });
  return {
    detach: () => {
      figures.stop();
      for (const { observable, observe } of observed) observable.removeCallback(observe);
    },
  };
}

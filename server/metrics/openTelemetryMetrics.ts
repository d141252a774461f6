import { InvalidOptionError } from '../../machines/vocabulary/errors';
import { check, type Check } from '../../machines/options/optionChecks';
import { serverActor, type AnyServer, type Attachment } from '../anyServer';
import { connectionDuration, instruments, type Instrument } from './instruments';
import { ServerFigures } from './serverFigures';

/** Attributes that tell servers apart: values by names. */
export type MeterAttributes = Readonly<Record<string, string | number | boolean>>;

type ObserveCallback = (result: { observe(value: number, attributes: MeterAttributes): void }) => void;

interface ObservableInstrument {
  addCallback(callback: ObserveCallback): void;
  removeCallback(callback: ObserveCallback): void;
}

interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
}

interface HistogramOptions extends InstrumentOptions {
  readonly advice: { explicitBucketBoundaries: number[] };
}

/**
 * The part of a `Meter` of `@opentelemetry/api` 1.7 or later that serverchart uses. The type is written here, so that
 * our types work where that package is missing.
 */
export interface MetricsMeter {
  createObservableCounter(name: string, options: InstrumentOptions): ObservableInstrument;
  createObservableUpDownCounter(name: string, options: InstrumentOptions): ObservableInstrument;
  createObservableGauge(name: string, options: InstrumentOptions): ObservableInstrument;
  createHistogram(
    name: string,
    options: HistogramOptions,
  ): { record(value: number, attributes: MeterAttributes): void };
}

/** Options of {@link openTelemetryMetrics}. */
export interface OpenTelemetryOptions {
  /** The meter that makes the instruments: `metrics.getMeter('my-app')`. Required. */
  readonly meter: MetricsMeter;
  /**
   * Attributes of every measurement, which tell this server from others.
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

/** The instrument's name in OpenTelemetry, which asks for a prefix that says where a name comes from. */
const nameOf = ({ name }: { readonly name: string }): string => `serverchart.${name}`;

/**
 * Measures a server for OpenTelemetry. The instruments are those of {@link prometheusMetrics}, and what is said there
 * is true of them here. Their names are `serverchart.connections.open` and so on.
 *
 * @example
 * ```ts
 * const server = createServerCore({ protocol: echo });
 * openTelemetryMetrics(server, { meter: metrics.getMeter('mail'), attributes: { server: 'smtp' } });
 * await server.start();
 * ```
 * @returns an attachment that ends the measuring
 * @throws {@link InvalidOptionError} when `server` is no server, or an option is bad
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
  const callbacks = instruments.map((instrument) => {
    const { kind, help: description, unit, label, read } = instrument;
    const observable = meter[makers[kind]](nameOf(instrument), { description, unit });
    const callback: ObserveCallback = (result) => {
      for (const [value, labelValue] of read(figures)) {
        const isLabelled = label !== undefined && labelValue !== undefined;
        result.observe(value, isLabelled ? { ...attributes, [label]: labelValue } : attributes);
      }
    };
    observable.addCallback(callback);
    return { observable, callback };
  });
  return {
    detach: () => {
      figures.stop();
      for (const { observable, callback } of callbacks) observable.removeCallback(callback);
    },
  };
}

/**
 * What is measured of a server, in one list for all systems that collect measurements. The names follow OpenTelemetry's
 * rules (https://opentelemetry.io/docs/specs/semconv/general/naming/). Prometheus gets them in OpenTelemetry's own
 * translation (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/). So a dashboard that
 * was made for one system fits the other, and the names have the endings that Prometheus asks for
 * (https://prometheus.io/docs/practices/naming/).
 *
 * A peer's address is never a label. Each address would begin a time series of its own, which the monitoring system
 * keeps for weeks, so any stranger could fill that system. The log tells the addresses.
 */
import { descriptorLimit, descriptorsOpen } from '../../actors/listener/descriptors';
import type { CountByReason, ServerFigures } from './serverFigures';

/** A measured value, and the value of the instrument's label if the instrument has one. */
type LabelledValue = readonly [value: number, label?: string];

/** A quantity that can be read off a server at any time. */
export interface Instrument {
  /** The name without the prefix: `connections.open`. */
  readonly name: string;
  /**
   * A `counter` never goes down. The values of an `upDownCounter` can be added up over several servers; those of a
   * `gauge` can't.
   */
  readonly kind: 'counter' | 'upDownCounter' | 'gauge';
  /** The unit in UCUM: bytes, seconds, or in braces what is counted. Empty where the value is a yes or no. */
  readonly unit: '{connection}' | '{failure}' | '{descriptor}' | 'By' | 's' | '';
  readonly help: string;
  /** The label of an instrument that has several values at once. */
  readonly label?: 'reason' | 'state';
  /** Returns the values of now: none where the value isn't known. */
  readonly read: (figures: ServerFigures) => readonly LabelledValue[];
}

const byReason = (counts: CountByReason): readonly LabelledValue[] =>
  Object.entries(counts).map(([reason, count]) => [count, reason]);

const ifKnown = (value: number | undefined): readonly LabelledValue[] => (value === undefined ? [] : [[value]]);

/** All instruments but {@link connectionDuration}. */
export const instruments: readonly Instrument[] = [
  {
    name: 'connections.open',
    kind: 'upDownCounter',
    unit: '{connection}',
    help: 'Connections that have a place.',
    read: ({ open }) => [[open]],
  },
  {
    name: 'connections.opening',
    kind: 'upDownCounter',
    unit: '{connection}',
    help: 'Connections that have a place and no handler yet: they wait for the PROXY header or the TLS handshake.',
    read: ({ opening }) => [[opening]],
  },
  {
    name: 'connections.limit',
    kind: 'upDownCounter',
    unit: '{connection}',
    help: 'Connections that may be open at once, without those that are exempt.',
    read: ({ limit }) => ifKnown(limit),
  },
  {
    name: 'connections.queued',
    kind: 'upDownCounter',
    unit: '{connection}',
    help: 'Clients that wait for a place.',
    read: ({ queued }) => [[queued]],
  },
  {
    name: 'connections.accepted',
    kind: 'counter',
    unit: '{connection}',
    help: 'Connections that were given a place.',
    read: ({ accepted }) => [[accepted]],
  },
  {
    name: 'connections.rejected',
    kind: 'counter',
    unit: '{connection}',
    help: 'Clients that were turned away.',
    label: 'reason',
    read: ({ rejected }) => byReason(rejected),
  },
  {
    name: 'connections.closed',
    kind: 'counter',
    unit: '{connection}',
    help: 'Connections that have ended.',
    label: 'reason',
    read: ({ closed }) => byReason(closed),
  },
  {
    name: 'handler.failures',
    kind: 'counter',
    unit: '{failure}',
    help: 'Connections whose handler failed.',
    read: ({ handlerFailures }) => [[handlerFailures]],
  },
  {
    name: 'received',
    kind: 'counter',
    unit: 'By',
    help: 'Bytes read from clients.',
    read: ({ bytesIn }) => [[bytesIn]],
  },
  {
    name: 'sent',
    kind: 'counter',
    unit: 'By',
    help: 'Bytes that the kernel took for clients.',
    read: ({ bytesOut }) => [[bytesOut]],
  },
  {
    name: 'ready',
    kind: 'gauge',
    unit: '',
    help: 'Whether a client that comes now is served or queued: 1 or 0.',
    read: ({ isReady }) => [[isReady ? 1 : 0]],
  },
  {
    name: 'state',
    kind: 'gauge',
    unit: '',
    help: 'The state of the server: 1 for the state that the server is in.',
    label: 'state',
    read: ({ state }) => [[1, state]],
  },
  {
    name: 'descriptors.open',
    kind: 'gauge',
    unit: '{descriptor}',
    help: 'File descriptors that the process has open.',
    read: () => ifKnown(descriptorsOpen()),
  },
  {
    name: 'descriptors.limit',
    kind: 'gauge',
    unit: '{descriptor}',
    help: 'File descriptors that the process may have open.',
    read: () => ifKnown(descriptorLimit()),
  },
];

const [minute, hour, day] = [60, 3_600, 86_400];

/** How long connections were open. Each is measured when it ends, because a distribution can't be read off later. */
export const connectionDuration = {
  name: 'connection.duration',
  unit: 's',
  help: 'How long connections were open.',
  /**
   * The upper bounds of the buckets, in seconds. Connections live from milliseconds to days, over nine powers of ten.
   * The question is of which kind they are: a port scan, an exchange, a session, a standing link. So there is about
   * one bucket for each power, with bounds that people think in.
   */
  buckets: [0.001, 0.01, 0.1, 1, 10, minute, 10 * minute, hour, 6 * hour, day, 7 * day],
} as const;

const suffixes: Readonly<Partial<Record<Instrument['unit'], string>>> = { By: '_bytes', s: '_seconds' };

/** An instrument's name in Prometheus, without the prefix: `connections_accepted_total`, `received_bytes_total`. */
export function prometheusName({ name, unit, kind }: Pick<Instrument, 'name' | 'unit'> & Partial<Instrument>): string {
  return `${name.replaceAll('.', '_')}${suffixes[unit] ?? ''}${kind === 'counter' ? '_total' : ''}`;
}

/**
 * What is measured of a server, once for all systems that take measurements. The names follow OpenTelemetry's rules
 * (https://opentelemetry.io/docs/specs/semconv/general/naming/), and Prometheus gets what OpenTelemetry's own
 * translation makes of them (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/). So a
 * dashboard that was made for one fits the other, and the names end as Prometheus asks for
 * (https://prometheus.io/docs/practices/naming/).
 *
 * No peer's address is a label: each would begin a time series of its own, which the monitoring system keeps for weeks,
 * so that any stranger could fill it. Whose connections they were is for the log to say.
 */
import { descriptorLimit, descriptorsOpen } from '../../actors/listener/descriptors';
import type { CountByReason, ServerFigures } from './serverFigures';

/** A measured value, with the value of the instrument's label if it has one. */
type Reading = readonly [value: number, label?: string];

/** Something that can be measured whenever somebody asks. */
export interface Instrument {
  /** Without the prefix: `connections.open`. */
  readonly name: string;
  /** A `counter` never goes down; of an `upDownCounter` the sum over several servers makes sense; of a `gauge` it doesn't. */
  readonly kind: 'counter' | 'upDownCounter' | 'gauge';
  /** By UCUM: bytes, seconds, or in braces what is counted; nothing for what is only yes or no. */
  readonly unit: '{connection}' | '{failure}' | '{descriptor}' | 'By' | 's' | '';
  readonly help: string;
  /** What its readings are told apart by. */
  readonly label?: 'reason' | 'state';
  readonly read: (figures: ServerFigures) => readonly Reading[];
}

const byReason = (counts: CountByReason): readonly Reading[] =>
  Object.entries(counts).map(([reason, count]) => [count, reason]);

/** Nothing where there is no telling. */
const known = (value: number | undefined): readonly Reading[] => (value === undefined ? [] : [[value]]);

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
    help: 'Connections that have a place and no handler yet: the PROXY header or the TLS handshake is awaited.',
    read: ({ opening }) => [[opening]],
  },
  {
    name: 'connections.limit',
    kind: 'upDownCounter',
    unit: '{connection}',
    help: 'Connections that may be open at once, those that are exempt not counted.',
    read: ({ limit }) => known(limit),
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
    help: 'Connections whose handler threw.',
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
    help: 'The state of the server: 1 for the one that it is in.',
    label: 'state',
    read: ({ state }) => [[1, state]],
  },
  {
    name: 'descriptors.open',
    kind: 'gauge',
    unit: '{descriptor}',
    help: 'File descriptors that the process has open.',
    read: () => known(descriptorsOpen()),
  },
  {
    name: 'descriptors.limit',
    kind: 'gauge',
    unit: '{descriptor}',
    help: 'File descriptors that the process may have open.',
    read: () => known(descriptorLimit()),
  },
];

const [minute, hour, day] = [60, 3_600, 86_400];

/** How long connections were open. It is told of each as it ends: a distribution can't be read off later. */
export const connectionDuration = {
  name: 'connection.duration',
  unit: 's',
  help: 'How long connections were open.',
  /**
   * Connections live from milliseconds to days, nine powers of ten. What one wants to know is which kind they are (a port
   * scan, an exchange, a session, a standing link), so there is about one bucket for each power, at times that people
   * think in.
   */
  buckets: [0.001, 0.01, 0.1, 1, 10, minute, 10 * minute, hour, 6 * hour, day, 7 * day],
} as const;

const suffixes: Readonly<Partial<Record<Instrument['unit'], string>>> = { By: '_bytes', s: '_seconds' };

/** An instrument's name in Prometheus, without the prefix: `connections_accepted_total`, `received_bytes_total`. */
export function prometheusName({ name, unit, kind }: Pick<Instrument, 'name' | 'unit'> & Partial<Instrument>): string {
  return `${name.replaceAll('.', '_')}${suffixes[unit] ?? ''}${kind === 'counter' ? '_total' : ''}`;
}

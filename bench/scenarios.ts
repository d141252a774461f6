import type { LoadSettings } from './clients/main';
import type { Mode } from './server/listeningServer';

/**
 * The kinds of server process: raw `node:net`, and ServerCore with each kind of handler. `…-attached` has an inspector
 * without a viewer. `…-watched` has an inspector, and a viewer that watches one connection.
 */
export const kinds = [
  ...(['raw', 'transition', 'callback', 'statechart', 'statechart-after'] as const),
  ...(['transition-attached', 'transition-watched', 'statechart-attached', 'statechart-watched'] as const),
] as const;
export type Kind = (typeof kinds)[number];

interface ScenarioBase {
  readonly name: string;
  readonly title: string;
  readonly kinds: readonly Kind[];
  readonly mode: Mode;
  /** Whether the peers are measured too. */
  readonly withPeers: boolean;
  /** The server that each kind is compared with, where that isn't raw `node:net`. */
  readonly bases?: Readonly<Partial<Record<Kind, Kind>>>;
  /** The bars: each kind may cost at most so many times what its base costs. */
  readonly bars?: Readonly<Partial<Record<Kind, number>>>;
}

/** A scenario whose figure is the server's CPU for each operation. */
export interface CpuScenario extends ScenarioBase {
  readonly measures: 'cpu';
  /** How often the operation is done in a round. */
  readonly operations: number;
  /** The work of the clients. */
  readonly load: (port: number, operations: number) => LoadSettings;
}

/** A scenario whose figure is the server's memory for each idle connection. */
export interface MemoryScenario extends ScenarioBase {
  readonly measures: 'memory';
  readonly connections: number;
}

/** A scenario whose figure is the server's CPU for a connect and close, with few and with many idle connections. */
export interface GrowthScenario extends ScenarioBase {
  readonly measures: 'growth';
  readonly operations: number;
  /** The numbers of idle connections, in ascending order. */
  readonly live: readonly number[];
  /** Whether only the registry, the charts and the socket adapter are measured, without sockets. */
  readonly inMemory: boolean;
  /**
   * The bar: with 10,000 idle connections, an operation may cost at most so many times what it costs with the fewest.
   */
  readonly growthBar: number;
}

export type Scenario = CpuScenario | MemoryScenario | GrowthScenario;

const echo = { mode: 'echo', kinds: ['raw', 'transition', 'callback', 'statechart'], withPeers: true } as const;
const bars = (simple: number, statechart: number): Readonly<Partial<Record<Kind, number>>> => ({
  transition: simple,
  callback: simple,
  statechart,
});

const pingPong =
  (size: number, inFlight: number, connections = 50) =>
  (port: number, messages: number): LoadSettings => ({
    kind: 'ping-pong',
    port,
    connections,
    size,
    inFlight,
    messages,
  });

export const scenarios: readonly Scenario[] = [
  {
    name: 'ping-pong-64B',
    title: '64 B there and back, 50 connections',
    measures: 'cpu',
    ...echo,
    bars: bars(1.1, 1.35),
    operations: 100_000,
    load: pingPong(64, 1),
  },
  {
    name: 'pipelined-1KiB',
    title: '1 KiB there and back, 16 on their way on each of 50 connections',
    measures: 'cpu',
    ...echo,
    bars: bars(1.08, 1.2),
    operations: 800_000,
    load: pingPong(1024, 16),
  },
  {
    name: 'ping-pong-64KiB',
    title: '64 KiB there and back, 50 connections',
    measures: 'cpu',
    ...echo,
    bars: bars(1.03, 1.05),
    operations: 25_000,
    load: pingPong(65_536, 1),
  },
  {
    name: 'connect-echo-close',
    title: 'connect, 64 B there and back, close',
    measures: 'cpu',
    ...echo,
    bars: bars(2, 2.6),
    operations: 6_000,
    load: (port, count) => ({ kind: 'visits', port, held: 0, count, size: 64 }),
  },
  {
    name: 'fan-out',
    title: 'one message of 64 B to 1,000 connections, per delivery',
    measures: 'cpu',
    mode: 'room',
    kinds: ['raw', 'transition', 'callback', 'statechart'],
    withPeers: false,
    operations: 200_000,
    load: (port, deliveries) => ({ kind: 'fan-out', port, connections: 1_000, size: 64, messages: deliveries / 1_000 }),
  },
  {
    name: 'inspected',
    title: '64 B there and back, 1,000 connections, one of them watched',
    measures: 'cpu',
    mode: 'echo',
    kinds: [
      ...(['transition', 'transition-attached', 'transition-watched'] as const),
      ...(['statechart', 'statechart-attached', 'statechart-watched'] as const),
    ],
    bases: {
      'transition-attached': 'transition',
      'transition-watched': 'transition',
      'statechart-attached': 'statechart',
      'statechart-watched': 'statechart',
    },
    withPeers: false,
    bars: { 'transition-watched': 1.05, 'statechart-watched': 1.05 },
    operations: 100_000,
    load: pingPong(64, 1, 1_000),
  },
  {
    name: 'idle-memory',
    title: 'memory of an idle connection',
    measures: 'memory',
    ...echo,
    bars: bars(2, 2.5),
    connections: 10_000,
  },
  {
    name: 'accept-close',
    title: 'connect and close beside idle connections',
    measures: 'growth',
    mode: 'echo',
    kinds: ['raw', 'transition', 'callback', 'statechart', 'statechart-after'],
    withPeers: false,
    operations: 1_500,
    live: [10, 1_000, 10_000],
    inMemory: false,
    growthBar: 1.15,
  },
  {
    name: 'accept-close-in-memory',
    title: 'open and close beside idle connections, without sockets',
    measures: 'growth',
    mode: 'echo',
    kinds: ['transition', 'callback', 'statechart', 'statechart-after'],
    withPeers: false,
    operations: 1_500,
    live: [10, 1_000, 10_000, 100_000],
    inMemory: true,
    growthBar: 1.15,
  },
];

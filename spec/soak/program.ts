import { inspect } from 'node:util';
import type { FaultOptions, MemoryNetworkOptions } from '../../server/testing/index';
import type { ServerCoreOptions, SingleServerOptions } from '../../server/index';
import type { HandlerKind } from './handlers';
import type { Word } from './words';

/** What a client does. `who` is the client's number, modulo the number of clients. */
type ClientStep =
  | { readonly does: 'send'; readonly who: number; readonly size: number; readonly word: Word | '' }
  | { readonly does: 'stopReading' | 'readOn' | 'end' | 'leave' | 'reset'; readonly who: number };

/** One thing that happens. A deed that isn't possible at its turn is left out. */
export type Deed =
  | ClientStep
  | { readonly does: 'connect'; readonly allowHalfOpen: boolean }
  | { readonly does: 'advance'; readonly ms: number }
  | { readonly does: 'suspend' | 'resume' | 'shutdownMicroprocess' | 'stop' | 'producerFinished' }
  | { readonly does: 'serverShutdown'; readonly timeout?: number | undefined }
  | { readonly does: 'inbox'; readonly size: number }
  | { readonly does: 'faults'; readonly faults: FaultOptions };

/** What happens before the next step: nothing, one turn of the event loop, or everything that takes no time. */
type Pace = 'at once' | 'a turn' | 'settled';

export interface Step {
  readonly deed: Deed;
  readonly then: Pace;
}

/** A deed that is done to a server. */
export type ServerDeed = Exclude<Deed, { does: 'advance' | 'connect' | 'faults' } | { who: number }>;

/** An observer of the server's events, which does something to the server within the first such events. */
export interface Onlooker {
  readonly hears: 'connection.opened' | 'connection.closed' | 'connection.rejected' | 'server.listening';
  readonly deed: ServerDeed;
}

/** A server, its surroundings, and what happens to the server. A shutdown follows the last step. */
export interface Program {
  readonly server: 'serverCore' | 'singleServer';
  /** The connections' handlers, which take turns. Without any, the bytes go through SingleServer's own boxes. */
  readonly handlers: readonly HandlerKind[];
  readonly options: Omit<ServerCoreOptions & SingleServerOptions, 'protocol'>;
  readonly network: Required<Omit<MemoryNetworkOptions, 'clock'>>;
  readonly faults: FaultOptions;
  readonly onlooker: Onlooker | undefined;
  readonly steps: readonly Step[];
  /** Whether everything is left alone for some minutes before the shutdown. */
  readonly rests: boolean;
}

/** All faults of a program, at any moment. */
export const faultsOf = ({ faults, steps }: Program): readonly FaultOptions[] => [
  faults,
  ...steps.flatMap(({ deed }) => (deed.does === 'faults' ? [deed.faults] : [])),
];

/** Whether the network has no faults, so that only clients, handlers and the program do harm. */
export const isFaultless = (program: Program): boolean =>
  faultsOf(program).every((faults) => Object.keys(faults).every((name) => name === 'seed' || name === 'split'));

const line = (value: object): string =>
  inspect(value, { breakLength: Infinity, compact: true, depth: 2, maxArrayLength: null });

const deedText = ({ does, ...rest }: Deed): string => (Object.keys(rest).length === 0 ? does : `${does} ${line(rest)}`);

const stepText = ({ deed, then }: Step): string => `  ${deedText(deed)}${then === 'at once' ? '' : `, then ${then}`}`;

/** A program as text, one line for each step. */
export function programText({ server, handlers, options, network, faults, onlooker, steps, rests }: Program): string {
  return [
    `${server} with ${handlers.length === 0 ? 'its own boxes' : handlers.join(', ')}`,
    `options ${line(options)}`,
    `network ${line(network)}`,
    `faults  ${line(faults)}`,
    ...(onlooker === undefined ? [] : [`at each ${onlooker.hears} ${deedText(onlooker.deed)}`]),
    'steps',
    ...steps.map(stepText),
    rests ? '  some minutes of rest, then the shutdown' : '  the shutdown',
  ].join('\n');
}

/** How many connections a server may have at once. */
export const limitOf = ({ server, options }: Program): number =>
  server === 'singleServer' ? 1 : (options.maxConnections ?? Infinity);

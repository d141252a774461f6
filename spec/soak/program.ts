import { inspect } from 'node:util';
import type { FaultOptions, MemoryNetworkOptions } from '../../server/testing/index';
import type { ServerCoreOptions, SingleServerOptions } from '../../server/index';
import type { HandlerKind } from './handlers';
import type { Word } from './words';

/** What a client does; `who` is its number, counted round. */
type ClientStep =
  | { readonly does: 'send'; readonly who: number; readonly size: number; readonly word: Word | '' }
  | { readonly does: 'stopReading' | 'readOn' | 'end' | 'leave' | 'reset'; readonly who: number };

/** One thing that happens. What isn't possible when its turn comes is left out. */
export type Deed =
  | ClientStep
  | { readonly does: 'connect'; readonly allowHalfOpen: boolean }
  | { readonly does: 'advance'; readonly ms: number }
  | { readonly does: 'suspend' | 'resume' | 'shutdownMicroprocess' | 'stop' | 'producerFinished' }
  | { readonly does: 'serverShutdown'; readonly timeout?: number | undefined }
  | { readonly does: 'inbox'; readonly size: number }
  | { readonly does: 'faults'; readonly faults: FaultOptions };

/** How much happens before the next step: nothing, what one turn of the event loop brings, or all that takes no time. */
type Pace = 'at once' | 'a turn' | 'settled';

export interface Step {
  readonly deed: Deed;
  readonly then: Pace;
}

/** What is done to a server. */
export type ServerDeed = Exclude<Deed, { does: 'advance' | 'connect' | 'faults' } | { who: number }>;

/** Somebody who hears what the server emits, and does something to it in that very moment, the first times. */
export interface Onlooker {
  readonly hears: 'connection.opened' | 'connection.closed' | 'connection.rejected' | 'server.listening';
  readonly deed: ServerDeed;
}

/** A server, its surroundings, and what happens to it. A shutdown follows the last step. */
export interface Program {
  readonly server: 'serverCore' | 'singleServer';
  /** Given to the connections in turn; none: the bytes go through SingleServer's own boxes. */
  readonly handlers: readonly HandlerKind[];
  readonly options: Omit<ServerCoreOptions & SingleServerOptions, 'protocol'>;
  readonly network: Required<Omit<MemoryNetworkOptions, 'clock'>>;
  readonly faults: FaultOptions;
  readonly onlooker: Onlooker | undefined;
  readonly steps: readonly Step[];
  /** Whether everything is left alone for some minutes before the shutdown. */
  readonly rests: boolean;
}

/** All faults that there are in a program, at whatever moment. */
export const faultsOf = ({ faults, steps }: Program): readonly FaultOptions[] => [
  faults,
  ...steps.flatMap(({ deed }) => (deed.does === 'faults' ? [deed.faults] : [])),
];

/** Nothing goes wrong but what clients, handlers and the program itself do. */
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

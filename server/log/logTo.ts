import { describe, InvalidOptionError } from '../../machines/vocabulary/errors';
import type { Descriptors } from '../../machines/events';
import { serverActor, type AnyServer, type Attachment } from '../anyServer';

/** The fields of one log record: strings, numbers and booleans, and in `err` the value that was thrown. */
export type LogFields = Readonly<Record<string, unknown>>;

type Level = 'debug' | 'info' | 'warn' | 'error';

/** An event of a server, with the fields that don't go into a record as they are, or that decide its level. */
interface EmittedEvent {
  readonly type: string;
  /** The client that was turned away. */
  readonly info?: object;
  /** The options that were changed. */
  readonly options?: object;
  readonly descriptors?: Descriptors;
  readonly isNear?: boolean;
  readonly error?: unknown;
}

/** A logger of pino, or any other logger whose methods take an object of fields. */
export type Logger = Readonly<Record<Level, (fields: LogFields) => void>>;

/** The levels of events that aren't logged as `info`. A rejection is a warning, because a client was not served. */
const levels: Readonly<Partial<Record<string, Level>>> = {
  'connection.rejected': 'warn',
  'connection.failed': 'error',
  'server.failed': 'error',
  'server.full': 'warn',
  'server.restarting': 'warn',
  'server.configureFailed': 'error',
  'server.tlsReloadFailed': 'error',
};

/** `server.nearCapacity` is a warning when few places are left, and `info` when there are enough again. */
const levelOf = ({ type, isNear }: EmittedEvent): Level => (isNear === true ? 'warn' : (levels[type] ?? 'info'));

/**
 * Logs what a server emits, one record an event: `event` is its type, the other fields are its own (`id`, `peer`,
 * `reason`, `bytesIn`, `bytesOut`, `durationMs`, …), and an error is in `err`, where pino's serializer looks for it.
 *
 * Warnings are `connection.rejected`, `server.full`, `server.restarting`, and `server.nearCapacity` with `isNear`.
 * Errors are `connection.failed`, `server.failed`, `server.configureFailed` and `server.tlsReloadFailed`. All else is
 * `info`.
 *
 * No bytes of a client are ever logged, and no objects beside the error: no certificate, for example. The log ends
 * with the server.
 *
 * @example
 * ```ts
 * const server = createServerCore({ protocol: echo });
 * logTo(server, pino());
 * await server.start();
 * ```
 * @returns an attachment that can end the log earlier
 * @throws {@link InvalidOptionError} when `server` is no server, or `logger` lacks one of the four methods
 */
export function logTo(server: AnyServer, logger: Logger): Attachment {
  const actor = serverActor(server);
  if (!isLogger(logger)) {
    throw new InvalidOptionError('logger', logger, 'an object with the methods debug, info, warn and error');
  }
  const subscription = actor.on('*', (event: EmittedEvent) => {
    // other events carry payloads, or are only for our own actors
    if (!/^(server|connection)\./.test(event.type)) return;
    const log = (fields: LogFields): void => {
      logger[levelOf(event)](fields);
    };
    const fields = fieldsOf(event);
    try {
      log(fields);
    } catch {
      // a handler can throw a value that throws again when the logger reads it; XState would then end the process
      attempt(() => {
        log({ ...fields, err: describe(fields.err) });
      });
    }
  });
  return {
    detach: () => {
      subscription.unsubscribe();
    },
  };
}

/** A broken logger must not end the server. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // the logger was the only one to tell
  }
}

const isLogger = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (['debug', 'info', 'warn', 'error'] as const).every((level) => typeof (value as Logger)[level] === 'function');

function fieldsOf(event: EmittedEvent): LogFields & { readonly err?: unknown } {
  const { type, info, options, descriptors, error, ...own } = event;
  const flat = Object.entries({ ...info, ...options, ...own }).filter(([, value]) => isFlat(value));
  return {
    event: type,
    ...Object.fromEntries(flat),
    ...(descriptors && { descriptorsOpen: descriptors.open, descriptorsLimit: descriptors.limit }),
    ...(error !== undefined && { err: error }),
  };
}

const isFlat = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

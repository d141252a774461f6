import { describe, InvalidOptionError } from '../../machines/vocabulary/errors';
import type { Descriptors } from '../../machines/events';
import { serverActor, type AnyServer, type Attachment } from '../anyServer';

/** What is logged of one event: flat, and safe to be written anywhere. */
export type LogFields = Readonly<Record<string, unknown>>;

type Level = 'debug' | 'info' | 'warn' | 'error';

/** What events say that isn't flat, or is looked at. */
interface Told {
  readonly type: string;
  /** Of a client that was turned away. */
  readonly info?: object;
  /** Those that were changed. */
  readonly options?: object;
  readonly descriptors?: Descriptors;
  readonly isNear?: boolean;
  readonly error?: unknown;
}

/** What events are logged to: a logger of pino's, or any other that takes an object of fields. */
export type Logger = Readonly<Record<Level, (fields: LogFields) => void>>;

/** Of those that aren't `info`. A client that was turned away was not served: somebody may want to know. */
const levels: Readonly<Partial<Record<string, Level>>> = {
  'connection.rejected': 'warn',
  'connection.failed': 'error',
  'server.failed': 'error',
  'server.full': 'warn',
  'server.restarting': 'warn',
  'server.configureFailed': 'error',
  'server.tlsReloadFailed': 'error',
};

/** That few places are left is a warning; that they are no longer few is good news. */
const levelOf = ({ type, isNear }: Told): Level => (isNear === true ? 'warn' : (levels[type] ?? 'info'));

/**
 * Logs what a server emits, one record an event: `event` is its type, the other fields are its own (`id`, `peer`,
 * `reason`, `bytesIn`, `bytesOut`, `durationMs`, …), and an error is in `err`, where pino's serializer looks for it.
 *
 * Warnings are `connection.rejected`, `server.full`, `server.restarting`, and `server.nearCapacity` while it is near. Errors
 * are `connection.failed`, `server.failed`, `server.configureFailed` and `server.tlsReloadFailed`. All else is `info`.
 *
 * No bytes of a client are ever logged, nor any object, a certificate say. It ends with the server.
 *
 * @example
 * ```ts
 * const server = createServerCore({ protocol: echo });
 * logTo(server, pino());
 * await server.start();
 * ```
 * @returns how to end it earlier
 * @throws {@link InvalidOptionError}
 */
export function logTo(server: AnyServer, logger: Logger): Attachment {
  const actor = serverActor(server);
  if (!isLogger(logger)) {
    throw new InvalidOptionError('logger', logger, 'an object with the methods debug, info, warn and error');
  }
  const subscription = actor.on('*', (event: Told) => {
    // the boxes beside these carry payloads, or are our actors' own
    if (!/^(server|connection)\./.test(event.type)) return;
    const log = (fields: LogFields): void => {
      logger[levelOf(event)](fields);
    };
    const fields = fieldsOf(event);
    try {
      log(fields);
    } catch {
      // a handler can throw what throws again when it is looked at; XState would end the process for it
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

/** A logger that is broken is no reason to end a server. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // there is nobody to tell
  }
}

const isLogger = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (['debug', 'info', 'warn', 'error'] as const).every((level) => typeof (value as Logger)[level] === 'function');

function fieldsOf({ type, info, options, descriptors, error, ...own }: Told): LogFields & { readonly err?: unknown } {
  const flat = Object.entries({ ...info, ...options, ...own }).filter(([, value]) => isFlat(value));
  return {
    event: type,
    ...Object.fromEntries(flat),
    ...(descriptors && { descriptorsOpen: descriptors.open, descriptorsLimit: descriptors.limit }),
    ...(error !== undefined && { err: error }),
  };
}

const isFlat = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

import {
  createActor,
  type Actor,
  type ActorOptions,
  type AnyActorLogic,
  type AnyActorRef,
  type EmittedFrom,
  type EventFromLogic,
  type Subscription,
} from 'xstate';
import { isActive, wasStarted } from '../actors/xstate/relay';
import { InvalidOptionError, ServerchartError } from '../machines/vocabulary/errors';
import type { ListenAddress } from '../machines/vocabulary/connectionTypes';
import type { ServerControl, ServerSummary } from '../machines/events';
import { entriesOf } from '../machines/options/optionChecks';
import type { ShutdownOptions } from '../machines/options/options';
import { checkShutdownOptions } from '../machines/options/resolveOptions';
import { summarise, type Tally } from '../machines/context/tally';
import type { TlsOptions } from '../machines/options/tlsOptions';

/** XState's clock. Every timeout of a server and of its handlers runs on it. */
export type Clock = NonNullable<ActorOptions<AnyActorLogic>['clock']>;

/** Options that `createServerCore` and `createSingleServer` take beside those of the server. */
export interface HandleOptions {
  /**
   * The clock that every timeout runs on, for tests.
   * @defaultValue the system's `setTimeout`
   */
  readonly clock?: Clock;
}

/**
 * Separates the options of the server, returned first, from those of the handle.
 * @throws {@link InvalidOptionError} when `options` isn't an object, or `clock` isn't a clock
 */
export function handleOptions<TOptions extends object>(
  options: TOptions & HandleOptions,
): [Omit<TOptions, keyof HandleOptions>, HandleOptions] {
  if (entriesOf(options) === undefined) throw new InvalidOptionError('options', options, 'an object');
  const { clock, ...others } = options;
  if (clock === undefined) return [others, {}];
  const { setTimeout, clearTimeout } = (clock as Partial<Clock> | null) ?? {};
  if (typeof setTimeout !== 'function' || typeof clearTimeout !== 'function') {
    throw new InvalidOptionError('clock', clock, 'an object with the methods setTimeout and clearTimeout');
  }
  return [others, { clock }];
}

/** The part of the context that both kinds of server have. */
interface ServerContext {
  readonly address: ListenAddress | undefined;
  readonly tally: Tally;
}

/** A server that a program can start, listen to and shut down: a thin shell around the server's {@link actor}. */
export class ServerHandle<TLogic extends AnyActorLogic> implements AsyncDisposable {
  /** The XState actor, for everything else: `subscribe`, `getSnapshot`, `system.inspect`, `link`. */
  readonly actor: Actor<TLogic>;
  /**
   * Resolves with what was served when the server has ended, whatever ended it. Rejects when the server ended in an
   * error. A program that ignores this promise gets no unhandled rejection.
   */
  readonly closed: Promise<ServerSummary>;
  readonly #finish: (summary: ServerSummary) => void;
  #started: Promise<ListenAddress> | undefined;
  /** Resolves when the last call of {@link tlsReload} is done, even when that call failed. */
  #reloaded: Promise<void> = Promise.resolve();

  /** @internal */
  constructor(logic: TLogic, input: unknown, { clock }: HandleOptions) {
    const options = { input, ...(clock && { clock }) } as ActorOptions<AnyActorLogic>;
    this.actor = createActor(logic as AnyActorLogic, options) as unknown as Actor<TLogic>;
    const { promise, resolve, reject } = withResolvers<ServerSummary>();
    this.closed = promise;
    this.closed.catch(() => undefined);
    this.#finish = resolve;
    this.actor.subscribe({
      complete: () => {
        resolve(summarise(this.#context.tally, this.actor));
      },
      error: reject,
    });
  }

  /** Where the server listens; undefined before it does. */
  get address(): ListenAddress | undefined {
    return this.#context.address;
  }

  /**
   * Opens the port. A further call returns the same promise. When `control.suspend` comes before the port is open, the
   * promise resolves only after `control.resume`.
   * @returns where the server listens: with port 0, the port that the system chose
   * @throws {@link ListenError} when the port can't be opened
   * @throws {@link ServerchartError} `ERR_SERVER_CLOSED` when the server has been shut down
   */
  start(): Promise<ListenAddress> {
    if (this.#started !== undefined) {
      return isActive(this.#ref) ? this.#started : this.closed.then(() => Promise.reject(shutDown()));
    }
    const { promise, resolve, reject } = withResolvers<ListenAddress>();
    this.#started = promise;
    // the program may have started the actor itself
    if (this.address !== undefined) resolve(this.address);
    const listening = this.actor.on('server.listening' as never, ({ address, port }: ListenAddress) => {
      listening.unsubscribe();
      resolve({ address, port });
    });
    this.closed.then(() => {
      reject(shutDown());
    }, reject);
    this.actor.start();
    return promise;
  }

  /** Sends an event to one of the server's boxes. After the server's end, a call does nothing. */
  send(event: EventFromLogic<TLogic>): void {
    if (isActive(this.#ref)) this.actor.send(event);
  }

  /**
   * Listens to one of the server's outboxes, or with `'*'` to all.
   * @returns how to stop listening
   */
  on<TType extends EmittedFrom<TLogic>['type'] | '*'>(
    type: TType,
    listener: (
      emitted: TType extends '*' ? EmittedFrom<TLogic> : Extract<EmittedFrom<TLogic>, { type: TType }>,
    ) => void,
  ): Subscription {
    return this.actor.on(type as never, listener as never);
  }

  /**
   * Drains the server: sends `control.serverShutdown`, and waits for the server's end. Any number of calls is fine. The
   * time limit of the drain is set by what began it: a call, an event or a handler. `control.shutdownMicroprocess` cuts
   * the drain short. A server that was not started yet can't be started any more.
   * @returns what was served
   * @throws {@link InvalidOptionError} when `timeout` is bad; the server runs on then
   * @throws the error that the server ended in, when it ended in one
   */
  async shutdown({ timeout }: ShutdownOptions = {}): Promise<ServerSummary> {
    checkShutdownOptions(timeout === undefined ? {} : { timeout });
    if (!wasStarted(this.#ref)) {
      this.#started = Promise.reject(shutDown());
      this.#started.catch(() => undefined);
      this.#finish(summarise(this.#context.tally, this.actor));
    }
    const event: ServerControl = { type: 'control.serverShutdown', ...(timeout === undefined ? {} : { timeout }) };
    this.send(event as EventFromLogic<TLogic>);
    return this.closed;
  }

  /**
   * Uses other TLS options for all handshakes that begin from now on: sends `control.tlsReload`, and waits for the
   * answer. Open connections keep the options that they began with. Several calls are done one after the other.
   * @throws {@link InvalidOptionError} when the options are bad, or the server has been made without `tls`; nothing has
   * changed then
   * @throws {@link ServerchartError} `ERR_SERVER_NOT_STARTED` before the server's start, `ERR_SERVER_CLOSED` after
   * its end
   */
  tlsReload(options: TlsOptions): Promise<void> {
    // an answer doesn't say which call it is for: only the order of the calls does
    const reloaded = this.#reloaded.then(() => this.#reloadTls(options));
    this.#reloaded = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reloadTls(options: TlsOptions): Promise<void> {
    if (!wasStarted(this.#ref)) throw notStarted();
    if (!isActive(this.#ref)) throw shutDown();
    const { promise, resolve, reject } = withResolvers<undefined>();
    const answers = [
      this.actor.on('server.tlsReloaded' as never, () => {
        resolve(undefined);
      }),
      this.actor.on('server.tlsReloadFailed' as never, ({ error }: { readonly error: Error }) => {
        reject(error);
      }),
    ];
    this.closed.then(() => {
      reject(shutDown());
    }, reject);
    this.send({ type: 'control.tlsReload', options } satisfies ServerControl as EventFromLogic<TLogic>);
    try {
      await promise;
    } finally {
      for (const answer of answers) answer.unsubscribe();
    }
  }

  /** Shuts the server down at the end of a scope with `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    // start() and `closed` reject with the same error
    await this.shutdown().catch(() => undefined);
  }

  get #ref(): AnyActorRef {
    return this.actor as unknown as AnyActorRef;
  }

  get #context(): ServerContext {
    return (this.actor.getSnapshot() as unknown as { context: ServerContext }).context;
  }
}

const shutDown = (): ServerchartError =>
  new ServerchartError('ERR_SERVER_CLOSED', 'The server has been shut down; make a new one');

const notStarted = (): ServerchartError =>
  new ServerchartError(
    'ERR_SERVER_NOT_STARTED',
    'The server has not been started: its options are those that it was made with',
  );

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

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

/** XState's clock: what every timeout of a server and of its handlers runs on. */
export type Clock = NonNullable<ActorOptions<AnyActorLogic>['clock']>;

/** What a server that is made with one call may be given beside its options. */
export interface HandleOptions {
  /**
   * The clock that every timeout runs on, for tests.
   * @defaultValue the system's `setTimeout`
   */
  readonly clock?: Clock;
}

/**
 * Takes a handle's own options apart from the server's.
 * @throws {@link InvalidOptionError}
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

/** The part of its context that every server has. */
interface ServerContext {
  readonly address: ListenAddress | undefined;
  readonly tally: Tally;
}

/** A server as a program holds it: start it, listen to it, shut it down. A thin shell around its {@link actor}. */
export class ServerHandle<TLogic extends AnyActorLogic> implements AsyncDisposable {
  /** The XState actor, for everything else: `subscribe`, `getSnapshot`, `system.inspect`, `link`. */
  readonly actor: Actor<TLogic>;
  /**
   * Resolves with what was served once the server has ended, whoever ended it; rejects when it ended in an error. A
   * program that doesn't look at it gets no unhandled rejection.
   */
  readonly closed: Promise<ServerSummary>;
  readonly #finish: (summary: ServerSummary) => void;
  #started: Promise<ListenAddress> | undefined;
  /** The last call of {@link tlsReload}, however it went. */
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
   * Opens the port. Calling it again returns the same promise. With `control.suspend` sent meanwhile, it resolves only
   * after `control.resume`.
   * @returns where the server listens: with port 0, the port that the system chose
   * @throws {@link ListenError} when the port can't be had
   * @throws {@link ServerchartError} `ERR_SERVER_CLOSED` when the server has been shut down
   */
  start(): Promise<ListenAddress> {
    if (this.#started !== undefined) {
      return isActive(this.#ref) ? this.#started : this.closed.then(() => Promise.reject(shutDown()));
    }
    const { promise, resolve, reject } = withResolvers<ListenAddress>();
    this.#started = promise;
    // somebody may have started the actor itself
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

  /** Sends an event to one of the server's boxes. After the server's end it does nothing. */
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
   * Drains the server: `control.serverShutdown`, then the final state's output. Any number of calls is fine; the time limit
   * is that of whatever began the drain, be it a call, an event or a handler. `control.shutdownMicroprocess` cuts it short.
   * @returns what was served
   * @throws what the server ended in, when it ended in an error
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
   * Uses other TLS options for the handshakes that begin from now on: `control.tlsReload`. Connections that stand keep
   * theirs. Calls are done one after the other.
   * @throws {@link InvalidOptionError} when the options are bad, or the server has been made without `tls`; nothing has
   * changed then
   * @throws {@link ServerchartError} `ERR_SERVER_NOT_STARTED` before the server's start, `ERR_SERVER_CLOSED` after its end
   */
  tlsReload(options: TlsOptions): Promise<void> {
    // nothing says which call an answer is for, except their order
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

  /** Shuts down when a scope that said `await using` is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    // what went wrong was told by start(), or is by `closed`
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

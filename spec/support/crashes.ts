import {
  assign,
  emit,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
  setup,
  type AnyActorLogic,
  type EventObject,
  type Snapshot,
} from 'xstate';
import {
  setupProtocol,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../server/index';
import { working } from './serving';

/** A handler that throws `error`, at its start or when it gets its first bytes. */
export interface Crash {
  readonly where: string;
  readonly protocol: (error: unknown) => Protocol;
}

const machines = setup({
  types: {} as { context: { n: number }; events: ProtocolEvent; emitted: ProtocolEmitted; input: ConnectionInfo },
  actors: {
    promise: fromPromise<never, unknown>(({ input }) => Promise.reject(input as Error)),
    callback: fromCallback<EventObject, unknown>(({ input }) => {
      throw input as Error;
    }),
  },
});

const thrower = (error: unknown) => (): never => {
  throw error as Error;
};

/** An observable that only fails, without a library. */
const failing = (
  error: unknown,
  when: 'at once' | 'later',
): { subscribe(observer: ErrorObserver): { unsubscribe(): void } } => ({
  subscribe(observer) {
    if (when === 'at once') observer.error(error);
    else
      queueMicrotask(() => {
        observer.error(error);
      });
    return { unsubscribe: () => undefined };
  },
});

interface ErrorObserver {
  readonly error: (error: unknown) => void;
}

/** Actor logic written by hand, which throws in its transition. */
const custom = (error: unknown): AnyActorLogic => ({
  getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
  transition: (snapshot: unknown, event: EventObject) => {
    if (event.type === 'inbox') throw error as Error;
    return snapshot;
  },
  getPersistedSnapshot: (snapshot: Snapshot<unknown>) => snapshot,
});

/** Each place where a user's code runs and can throw. */
export const crashes: readonly Crash[] = [
  {
    where: "a machine's context function",
    protocol: (error) => machines.createMachine({ context: thrower(error) }),
  },
  {
    where: 'an entry action at start',
    protocol: (error) => machines.createMachine({ context: { n: 0 }, entry: thrower(error) }),
  },
  {
    where: 'an entry action behind a transition',
    protocol: (error) =>
      machines.createMachine({
        context: { n: 0 },
        initial: 'fine',
        states: { fine: { on: { inbox: { target: 'broken' } } }, broken: { entry: thrower(error) } },
      }),
  },
  {
    where: 'an exit action',
    protocol: (error) =>
      machines.createMachine({
        context: { n: 0 },
        initial: 'fine',
        states: { fine: { exit: thrower(error), on: { inbox: { target: 'gone' } } }, gone: {} },
      }),
  },
  {
    where: 'a transition action',
    protocol: (error) => machines.createMachine({ context: { n: 0 }, on: { inbox: { actions: thrower(error) } } }),
  },
  {
    where: 'an assign',
    protocol: (error) =>
      machines.createMachine({ context: { n: 0 }, on: { inbox: { actions: assign({ n: thrower(error) }) } } }),
  },
  {
    where: 'an emit',
    protocol: (error) =>
      machines.createMachine({ context: { n: 0 }, on: { inbox: { actions: emit(thrower(error)) } } }),
  },
  {
    where: "a reply's params",
    protocol: (error) =>
      setupProtocol().createMachine({ on: { inbox: { actions: { type: 'reply', params: thrower(error) } } } }),
  },
  {
    where: 'an action after a while',
    protocol: (error) =>
      machines.createMachine({
        context: { n: 0 },
        initial: 'waiting',
        states: { waiting: { after: { 5: { actions: thrower(error) } } } },
      }),
  },
  {
    where: 'a promise that a machine invokes, and that nobody catches',
    protocol: (error) => machines.createMachine({ context: { n: 0 }, invoke: { src: 'promise', input: () => error } }),
  },
  {
    where: 'a callback that a machine invokes, and that nobody catches',
    protocol: (error) => machines.createMachine({ context: { n: 0 }, invoke: { src: 'callback', input: () => error } }),
  },
  { where: "a callback's body", protocol: (error) => fromCallback(thrower(error)) },
  {
    where: "a callback's receive",
    protocol: (error) =>
      fromCallback<ProtocolEvent>(({ receive }) => {
        receive((event) => {
          if (event.type === 'inbox') throw error as Error;
        });
      }),
  },
  { where: 'a promise at once', protocol: (error) => fromPromise(thrower(error)) },
  { where: 'a promise that rejects', protocol: (error) => fromPromise(() => Promise.reject(error as Error)) },
  {
    where: 'a promise that rejects later',
    protocol: (error) =>
      fromPromise(async () => {
        await working(5);
        throw error as Error;
      }),
  },
  { where: "an observable's creator", protocol: (error) => fromObservable(thrower(error)) },
  {
    where: 'an observable that fails at once',
    protocol: (error) => fromObservable(() => failing(error, 'at once') as never),
  },
  {
    where: 'an observable that fails later',
    protocol: (error) => fromObservable(() => failing(error, 'later') as never),
  },
  {
    where: 'an event observable that fails',
    protocol: (error) => fromEventObservable(() => failing(error, 'later') as never),
  },
  {
    where: 'a transition function',
    protocol: (error) =>
      fromTransition((state: object, event: ProtocolEvent) => {
        if (event.type === 'inbox') throw error as Error;
        return state;
      }, {}),
  },
  {
    where: "a transition function's initial state",
    protocol: (error) => fromTransition((state: object) => state, thrower(error)),
  },
  { where: 'the transition of logic made by hand', protocol: custom },
  { where: 'the factory', protocol: thrower },
];

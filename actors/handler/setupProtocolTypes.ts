import type {
  ActionFunction,
  DelayConfig,
  EventDescriptor,
  EventObject,
  GuardPredicate,
  MachineContext,
  MetaObject,
  NonReducibleUnknown,
  ParameterizedObject,
  SetupReturn,
  StateMachine,
  StateSchema,
  ToStateValue,
  Values,
} from 'xstate';
import type { Bytes, ConnectionInfo } from '../../machines/vocabulary/connectionTypes';
import type { ProtocolEmitted } from '../../machines/protocolEvents';

/** XState's type for "there are none". */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type, @typescript-eslint/consistent-type-definitions
export type None = {};

/** The params of the action `reply`. Without params, `reply` sends the bytes that just came. */
export interface ReplyParams {
  /** What `reply` sends. */
  readonly data: Bytes;
}

/** The actions that every protocol has, with their params. */
// not an interface: XState asks for an index signature
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type ProtocolActions = {
  reply: ReplyParams | undefined;
  finish: undefined;
  abort: undefined;
  shutdownServer: undefined;
};

type Params = Record<string, ParameterizedObject['params'] | undefined>;

type Setup<
  TContext extends MachineContext,
  TEvent extends EventObject,
  TActions extends Params,
  TGuards extends Params,
  TDelay extends string,
> = SetupReturn<
  TContext,
  TEvent,
  None,
  None,
  TActions,
  TGuards,
  TDelay,
  string,
  ConnectionInfo,
  NonReducibleUnknown,
  ProtocolEmitted,
  MetaObject
>;

/**
 * The events in a chart's config that don't exist. Each gets a type that no transition has, and that says why.
 *
 * XState infers the config as a whole. In an inferred type, TypeScript reports unknown properties only if no property
 * is known: `on: { inbox, inbux }` would compile.
 */
export type KnownEvents<TConfig, TDescriptor extends string> = (TConfig extends { readonly on: infer TOn }
  ? { readonly on: { readonly [K in Exclude<keyof TOn, TDescriptor>]: { readonly thereIsNoEvent: K } } }
  : unknown) &
  (TConfig extends { readonly states: infer TStates }
    ? { readonly states: { readonly [K in keyof TStates]: KnownEvents<TStates[K], TDescriptor> } }
    : unknown);

type Parameterized<T extends Params> = Values<{ [K in keyof T as K & string]: { type: K & string; params: T[K] } }>;

/** XState's `setup`, made ready for a protocol, and strict about the names of events. */
export interface ProtocolSetup<
  TContext extends MachineContext,
  TEvent extends EventObject,
  TActions extends Params,
  TGuards extends Params,
  TDelay extends string,
> extends Omit<Setup<TContext, TEvent, TActions, TGuards, TDelay>, 'createMachine' | 'extend'> {
  createMachine<
    const TConfig extends Parameters<Setup<TContext, TEvent, TActions, TGuards, TDelay>['createMachine']>[0],
  >(
    config: TConfig & KnownEvents<TConfig, EventDescriptor<TEvent>>,
  ): StateMachine<
    TContext,
    TEvent,
    None,
    never,
    Parameterized<TActions>,
    Parameterized<TGuards>,
    TDelay,
    ToStateValue<Extract<TConfig, StateSchema>>,
    string,
    ConnectionInfo,
    NonReducibleUnknown,
    ProtocolEmitted,
    MetaObject,
    Extract<TConfig, StateSchema>
  >;

  extend<
    TMoreActions extends Params = None,
    TMoreGuards extends Params = None,
    TMoreDelays extends string = never,
  >(parts: {
    readonly actions?: {
      readonly [K in keyof TMoreActions]: ActionFunction<
        TContext,
        TEvent,
        TEvent,
        TMoreActions[K],
        never,
        Parameterized<TActions & TMoreActions>,
        Parameterized<TGuards & TMoreGuards>,
        TDelay | TMoreDelays,
        ProtocolEmitted
      >;
    };
    readonly guards?: {
      readonly [K in keyof TMoreGuards]: GuardPredicate<
        TContext,
        TEvent,
        TMoreGuards[K],
        Parameterized<TGuards & TMoreGuards>
      >;
    };
    readonly delays?: Readonly<Record<TMoreDelays, DelayConfig<TContext, TEvent, undefined, TEvent>>>;
  }): ProtocolSetup<TContext, TEvent, TActions & TMoreActions, TGuards & TMoreGuards, TDelay | TMoreDelays>;
}

/** What a stampede does to connections: it ends or breaks one of a connection's actors or sockets. */
import type { Socket } from 'node:net';
import { emit, fromCallback, setup, type AnyActor, type AnyActorLogic } from 'xstate';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';
import type { CloseReason, ProtocolEmitted, ProtocolEvent } from '../../server/index';
import type { Client } from '../support/client';
import { childrenOf } from '../support/inspect/onlooker';

/** The connection that a deed is done to. */
export interface Victim {
  readonly connection: AnyActor;
  readonly handler: AnyActor;
  readonly CSA: ConnectedSocketAdapter;
  /** The server's end. */
  readonly socket: Socket;
  readonly client: Client;
}

export interface Deed {
  readonly act: (victim: Victim) => void;
  /** The number of levels of actors that the handler must have below it; 0 by default. */
  readonly levels?: number;
  /** The reason for which the connection ends; undefined if it goes on. */
  readonly reason?: CloseReason;
  /** Whether the connection ends with the error {@link broken}. */
  readonly isTold?: boolean;
}

/** The error that actors throw, and with which sockets break. */
export const broken = new Error('stampede');

const fail = (): never => {
  throw broken;
};

/** What a handler, and each actor below it, does on request. */
type Order = 'throw' | 'end';
type HandlerEvent = ProtocolEvent | { readonly type: Order };

const callback = fromCallback<HandlerEvent, undefined, ProtocolEmitted>(({ receive, emit: say }) => {
  receive((event) => {
    if (event.type === 'inbox') say({ type: 'outbox', data: event.data });
    else if (event.type === 'throw') fail();
    else if (event.type === 'end') say({ type: 'signal.producerFinished' });
  });
});

const machineOver = (below: AnyActorLogic): AnyActorLogic =>
  setup({
    types: {} as { events: HandlerEvent; emitted: ProtocolEmitted },
    actors: { below },
    actions: { fail },
  }).createMachine({
    invoke: { src: 'below' },
    initial: 'serving',
    states: {
      serving: {
        on: {
          inbox: { actions: emit(({ event }) => ({ type: 'outbox', data: event.data })) },
          throw: { actions: 'fail' },
          end: { target: 'done' },
        },
      },
      done: { type: 'final' },
    },
  });

const machine = machineOver(machineOver(callback));

/** An echo handler: in turns a callback, and a machine with two levels of actors below it. */
export const handlerOf = (n: number): AnyActorLogic => (n % 2 === 0 ? callback : machine);

/** The actor that is so many levels below an actor. */
export function below(actor: AnyActor | undefined, levels: number): AnyActor | undefined {
  if (actor === undefined || levels === 0) return actor;
  // the snapshot of a callback has no children
  const { children } = actor.getSnapshot() as { children?: object };
  return below(children && childrenOf(actor).find((one) => statusOf(one) === 'active'), levels - 1);
}

const statusOf = (actor: AnyActor): string => (actor.getSnapshot() as { status: string }).status;

const telling =
  (order: Order, levels = 0) =>
  ({ handler }: Victim): void => {
    below(handler, levels)?.send({ type: order });
  };

/** Makes the connection's own actor throw, not the handler: in one of the calls that it makes while it is cut. */
const crashing =
  (call: 'destroy' | 'tellSocketShutdown') =>
  ({ CSA, connection }: Victim): void => {
    const sabotaged: Partial<Pick<ConnectedSocketAdapter, typeof call>> = CSA;
    sabotaged[call] = () => {
      Reflect.deleteProperty(sabotaged, call);
      fail();
    };
    connection.send({ type: 'control.shutdownMicroprocess' });
  };

export const deeds: Readonly<Record<string, Deed>> = {
  'a handler throws': { act: telling('throw'), reason: 'handlerFailed', isTold: true },
  'a handler ends': { act: telling('end'), reason: 'handlerFinished' },
  'an actor below a handler throws': { act: telling('throw', 1), levels: 1, reason: 'handlerFailed', isTold: true },
  'an actor two levels below throws': { act: telling('throw', 2), levels: 2, reason: 'handlerFailed', isTold: true },
  'an actor below a handler ends': { act: telling('end', 1), levels: 1 },
  'a connection crashes as it closes': { act: crashing('destroy'), reason: 'aborted', isTold: true },
  'a connection crashes before it closes': { act: crashing('tellSocketShutdown'), reason: 'aborted', isTold: true },
  'a connection is cut': {
    act: ({ connection }) => {
      connection.send({ type: 'control.shutdownMicroprocess' });
    },
    reason: 'aborted',
  },
  'a socket is closed under its connection': { act: ({ socket }) => socket.destroy(), reason: 'reset' },
  'a socket breaks': { act: ({ socket }) => socket.destroy(broken), reason: 'reset', isTold: true },
  'a socket is reset': { act: ({ socket }) => socket.resetAndDestroy(), reason: 'reset' },
  'a client resets': { act: ({ client }) => client.reset(), reason: 'reset' },
  'a client leaves': { act: ({ client }) => client.end(), reason: 'peerClosed' },
};

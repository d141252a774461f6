/** The protocols under test: an echo, and a room that sends each message to everybody. Both in several kinds of logic. */
import { fromCallback, fromTransition, type AnyActorRef, type MachineContext } from 'xstate';
import {
  setupProtocol,
  type Bytes,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../server/index';

/** Sent to each handler in the room when a client has said something. */
interface SayEvent {
  readonly type: 'say';
  readonly data: Bytes;
}

/** The handlers whose clients have entered the room. */
const room = new Set<AnyActorRef>();

const tellAll = (data: Bytes): void => {
  for (const handler of room) handler.send({ type: 'say', data });
};

/** Each sends back what comes. */
export const echoes: Readonly<Record<string, Protocol>> = {
  transition: fromTransition((state, event: ProtocolEvent, { emit }) => {
    if (event.type === 'inbox') emit({ type: 'outbox', data: event.data });
    return state;
  }, null),

  callback: fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit, receive }) => {
    receive((event) => {
      if (event.type === 'inbox') emit({ type: 'outbox', data: event.data });
    });
  }),

  statechart: setupProtocol().createMachine({ on: { inbox: { actions: 'reply' } } }),

  'statechart-after': setupProtocol().createMachine({
    on: { inbox: { actions: 'reply' } },
    after: { 3_600_000: { actions: 'finish' } },
  }),
};

/** A client's first message is answered, and the client enters the room. Its other messages go to everybody there. */
export const rooms: Readonly<Record<string, Protocol>> = {
  transition: fromTransition((isInside, event: ProtocolEvent | SayEvent, { emit, self }) => {
    switch (event.type) {
      case 'inbox':
        if (isInside) {
          tellAll(event.data);
        } else {
          room.add(self as AnyActorRef);
          emit({ type: 'outbox', data: event.data });
        }
        return true;
      case 'say':
        emit({ type: 'outbox', data: event.data });
        return true;
      case 'control.socketShutdown':
        room.delete(self as AnyActorRef);
        return false;
      default:
        return isInside;
    }
  }, false),

  callback: fromCallback<ProtocolEvent | SayEvent, ConnectionInfo, ProtocolEmitted>(({ emit, receive, self }) => {
    receive((event) => {
      if (event.type === 'inbox' && room.has(self as AnyActorRef)) {
        tellAll(event.data);
      } else if (event.type === 'inbox' || event.type === 'say') {
        room.add(self as AnyActorRef);
        emit({ type: 'outbox', data: event.data });
      }
    });
    return () => room.delete(self as AnyActorRef);
  }),

  statechart: setupProtocol<MachineContext, SayEvent>()
    .extend({
      actions: {
        enter: ({ self }) => room.add(self as AnyActorRef),
        leave: ({ self }) => room.delete(self as AnyActorRef),
        tellAll: ({ event }) => {
          if (event.type === 'inbox') tellAll(event.data);
        },
      },
    })
    .createMachine({
      initial: 'outside',
      states: {
        outside: { on: { inbox: { target: 'inside', actions: 'reply' } } },
        inside: { entry: 'enter', on: { inbox: { actions: 'tellAll' }, say: { actions: 'reply' } } },
      },
      on: { 'control.socketShutdown': { actions: 'leave' } },
    }),
};

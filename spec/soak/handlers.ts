import { fromCallback, fromObservable, fromPromise, fromTransition, type AnyActor, type AnyActorLogic } from 'xstate';
import type { ConnectionInfo, ProtocolEmitted, ProtocolEvent } from '../../server/index';
import { charts } from './charts';
import type { HandlerRecord } from './handlerRecord';
import { pattern } from './pattern';
import { words } from './words';

/** Makes a handler. `window` is the size of a connection's window in bytes: a flood must be larger. */
type MakeHandler = (record: HandlerRecord, window: number) => AnyActorLogic;

type Tell = (emitted: ProtocolEmitted) => void;

/** The behaviour of the handlers that aren't charts. */
function react(record: HandlerRecord, event: ProtocolEvent, tell: Tell): void {
  record.hear(event);
  const finish = (last: string): void => {
    tell({ type: 'outbox', data: record.says(last) });
    record.finishes();
    tell({ type: 'signal.producerFinished' });
  };
  switch (event.type) {
    case 'inbox':
      tell({ type: 'outbox', data: record.says(event.data) });
      if (event.data.includes(words.crash)) record.crashes();
      if (event.data.includes(words.finish)) finish('finished\n');
      if (event.data.includes(words.shutdownServer)) tell({ type: 'serversignal.serverShutdown' });
      if (event.data.includes(words.abort)) {
        record.aborts();
        tell({ type: 'signal.shutdownMicroprocess' });
      }
      break;
    case 'control.producerFinished':
      finish('over\n');
      break;
    case 'control.serverShutdown':
      finish('bye\n');
      break;
    case 'control.socketShutdown':
      tell({ type: 'outbox', data: record.says('too late\n') });
      break;
    default:
  }
}

const callback: MakeHandler = (record) =>
  fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ receive, emit }) => {
    receive((event) => {
      react(record, event, emit);
    });
  });

/** Uses `sendBack` instead of `emit`, and first of all sends more than the window holds. */
const sender: MakeHandler = (record, window) =>
  fromCallback<ProtocolEvent, ConnectionInfo>(({ receive, sendBack }) => {
    sendBack({ type: 'outbox', data: record.says(pattern(22, 0, 2 * window + 1)) });
    receive((event) => {
      react(record, event, sendBack);
    });
  });

const transition: MakeHandler = (record) =>
  fromTransition<number, ProtocolEvent, never, ConnectionInfo, ProtocolEmitted>((count, event, { emit }) => {
    // XState's own events come here, too
    if (!event.type.startsWith('xstate.')) react(record, event, emit);
    return count + 1;
  }, 0);

/** Writes more than the window holds, but only while there is room. */
const flood: MakeHandler = (record, window) =>
  fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ receive, emit }) => {
    let [left, at] = [3 * window + 10_000, 0];
    let isAllowed = true;
    const write = (): void => {
      while (isAllowed && left > 0) {
        const data = pattern(20, at, Math.min(left, 1 + (window >> 1)));
        at += data.length;
        left -= data.length;
        emit({ type: 'outbox', data: record.says(data) });
      }
      if (left > 0) return;
      record.finishes();
      emit({ type: 'signal.producerFinished' });
    };
    receive((event) => {
      record.hear(event);
      if (event.type === 'control.noSpaceInBox') isAllowed = false;
      else if (event.type === 'control.spaceInBox') isAllowed = true;
      if (event.type !== 'control.socketShutdown') write();
    });
  });

/** Writes far too much at once, whether or not there is room. */
const dam: MakeHandler = (record, window) =>
  fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ receive, emit }) => {
    let bursts = 0;
    receive((event) => {
      record.hear(event);
      if (event.type !== 'inbox' || bursts === 2) return;
      bursts += 1;
      for (const part of [0, 1, 2]) {
        const at = (3 * bursts + part) * window;
        emit({ type: 'outbox', data: record.says(pattern(21, at, window)) });
      }
    });
  });

/** An actor's clock, which the type of `self` leaves out. */
const clockOf = (self: object): AnyActor['clock'] => (self as AnyActor).clock;

/** Resolves after this time on the handler's clock. Never resolves if the handler is stopped before. */
const passing = (self: object, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const clock = clockOf(self);
    const timer = clock.setTimeout(resolve, ms) as number;
    signal.addEventListener('abort', () => {
      clock.clearTimeout(timer);
    });
  });

const promising: MakeHandler = (record) =>
  fromPromise<string, ConnectionInfo, ProtocolEmitted>(async ({ emit, self, signal }) => {
    emit({ type: 'outbox', data: record.says('promised, ') });
    await passing(self, 200, signal);
    const last = record.says('and kept\n');
    record.finishes();
    return last;
  });

const prompt: MakeHandler = (record) =>
  fromPromise<string>(() => {
    const last = record.says('at once\n');
    record.finishes();
    return Promise.resolve(last);
  });

const rejecting: MakeHandler = (record) =>
  fromPromise<never, ConnectionInfo, ProtocolEmitted>(async ({ emit, self, signal }) => {
    emit({ type: 'outbox', data: record.says('promised\n') });
    await passing(self, 100, signal);
    return record.crashes();
  });

const silent: MakeHandler = () => fromPromise(() => new Promise(() => undefined));

interface ValueObserver {
  next(value: string): void;
  complete(): void;
  error(error: unknown): void;
}

/** Emits some values, the first one at once and one after each interval, and then completes or fails. */
const observable =
  (end: 'complete' | 'error'): MakeHandler =>
  (record) =>
    fromObservable(({ self }) => {
      const clock = clockOf(self);
      const subscribe = (observer: ValueObserver): { unsubscribe(): void } => {
        let [count, timer] = [0, 0];
        const tick = (): void => {
          count += 1;
          if (count < 4) {
            timer = clock.setTimeout(tick, 40) as number;
            observer.next(record.says(`value ${String(count)}\n`));
          } else if (end === 'complete') {
            record.finishes();
            observer.complete();
          } else {
            record.hasCrashed = true;
            observer.error(new Error('under test'));
          }
        };
        tick();
        return {
          unsubscribe: () => {
            clock.clearTimeout(timer);
          },
        };
      };
      return { subscribe } as never;
    });

/** No handler at all: the factory throws. */
const unmade: MakeHandler = (record) => record.crashes();

/** The kinds of handlers that look at every byte they get. */
const hearing = { callback, sender, transition, flood, dam };

/** The kinds of handlers that ignore the bytes they get. */
const unhearing = {
  ...{ promising, prompt, rejecting, silent, unmade },
  values: observable('complete'),
  failingValues: observable('error'),
};

const kinds = { ...charts, ...hearing, ...unhearing } satisfies Readonly<Record<string, MakeHandler>>;

export type HandlerKind = keyof typeof kinds;

export const handlerKinds = Object.keys(kinds) as readonly HandlerKind[];

/** Whether handlers of this kind record all bytes that they get. */
export const hears = (kind: HandlerKind): boolean => kind !== 'deaf' && !Object.hasOwn(unhearing, kind);

/** Makes a handler of a kind. */
export const makeHandler = (kind: HandlerKind, record: HandlerRecord, window: number): AnyActorLogic =>
  kinds[kind](record, window);

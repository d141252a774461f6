import { beforeEach, describe, expect, it } from '@jest/globals';
import { fromCallback, fromPromise, sendTo, setup, spawnChild, type AnyActorLogic, type EventObject } from 'xstate';
import { graphline, pipeline, type ConnectionInfo, type ProtocolEmitted, type ProtocolEvent } from '../../server/index';
import { handler } from '../../server/testing/index';
import { expectQuiet } from '../support/quiet';

/** The actors that were started, and those that were cleaned up. */
class Ledger {
  readonly started: string[] = [];
  readonly ended: string[] = [];

  callback(name: string): AnyActorLogic {
    return fromCallback(() => {
      this.started.push(name);
      return () => void this.ended.push(name);
    });
  }

  promise(name: string): AnyActorLogic {
    return fromPromise(({ signal }) => {
      this.started.push(name);
      signal.addEventListener('abort', () => void this.ended.push(name));
      return new Promise(() => undefined);
    });
  }
}

describe('What a handler leaves behind when it crashes', () => {
  expectQuiet();
  const error = new Error('under test');
  let ledger = new Ledger();

  beforeEach(() => {
    ledger = new Ledger();
  });

  const crash = (): never => {
    throw error;
  };

  /** A machine with every kind of child. The machine throws at its first bytes, or at its start. */
  const parent = (when: 'inbox' | 'start', name = ''): AnyActorLogic =>
    setup({
      types: {} as { events: ProtocolEvent; emitted: ProtocolEmitted },
      actors: { callback: ledger.callback(`${name}callback`), promise: ledger.promise(`${name}promise`) },
    }).createMachine({
      invoke: [{ src: 'callback' }, { src: 'promise' }],
      entry: [spawnChild('callback'), ...(when === 'start' ? [crash] : [])],
      on: { inbox: { actions: crash } },
    });

  const fail = async (protocol: AnyActorLogic): Promise<void> => {
    await using h = await handler(protocol);
    if (h.peer.socket.writable) await h.inbox('x');
    expect((await h.isClosed('handlerFailed')).error).toBe(error);
    await h.peer.isEnded();
    await h.peer.receivesNothing();
    await h.serverShutdown();
    expect(h.scenario.leftovers()).toEqual([]);
  };

  it('runs the clean-up function of a callback that throws while it receives, once', async () => {
    await fail(
      fromCallback<ProtocolEvent>(({ receive }) => {
        ledger.started.push('itself');
        receive(crash);
        return () => void ledger.ended.push('itself');
      }),
    );
    expect(ledger.ended).toEqual(['itself']);
  });

  it("stops a machine's invoked and spawned children", async () => {
    await fail(parent('inbox'));
    expect(ledger.started).toHaveLength(3);
    expect(ledger.ended.sort()).toEqual(ledger.started.sort());
  });

  it("stops a machine's children when it throws at its start", async () => {
    await fail(parent('start'));
    expect(ledger.ended.sort()).toEqual(ledger.started.sort());
  });

  it('stops the grandchildren, when a healthy child has some', async () => {
    const child = setup({ actors: { callback: ledger.callback('grandchild') } }).createMachine({
      invoke: { src: 'callback' },
    });
    await fail(
      setup({ types: {} as { events: ProtocolEvent }, actors: { child } }).createMachine({
        invoke: { src: 'child' },
        on: { inbox: { actions: crash } },
      }),
    );
    expect(ledger.started).toEqual(['grandchild']);
    expect(ledger.ended).toEqual(['grandchild']);
  });

  it('stops the grandchildren, when it was the child that crashed', async () => {
    const child = parent('inbox');
    await fail(
      setup({
        types: {} as { events: ProtocolEvent },
        actors: { child: child as never as ReturnType<typeof fromCallback> },
      }).createMachine({
        invoke: { id: 'child', src: 'child' },
        on: { inbox: { actions: sendTo('child', ({ event }) => event as EventObject) } },
      }),
    );
    expect(ledger.started).toHaveLength(3);
    expect(ledger.ended.sort()).toEqual(ledger.started.sort());
  });

  it('stops the other components of a pipeline, and the children of all', async () => {
    await fail(pipeline(parent('inbox', 'first '), ledger.callback('second'), ledger.promise('third')));
    expect(ledger.started).toHaveLength(5);
    expect(ledger.ended.sort()).toEqual(ledger.started.sort());
  });

  it('runs the clean-up function of a component that throws while it receives', async () => {
    const broken = fromCallback<ProtocolEvent, ConnectionInfo>(({ receive }) => {
      ledger.started.push('broken');
      receive((event) => {
        if (event.type === 'inbox') crash();
      });
      return () => void ledger.ended.push('broken');
    });
    await fail(graphline({ components: { broken }, linkages: [['self', 'inbox', 'broken', 'inbox']] }));
    expect(ledger.ended).toEqual(['broken']);
  });
});

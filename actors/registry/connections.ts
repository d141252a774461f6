import { createActor, type AnyActorRef, type EventObject, type Snapshot } from 'xstate';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';
import type { ConnectionSummary } from '../../machines/vocabulary/connectionTypes';
import type { ConnectionsEvent } from '../../machines/events';
import type { LogicFor } from '../../machines/vocabulary/logic';
import type { ConnectionsInput } from '../../machines/serverCoreMachine';
import { connection } from '../connection';
import { keepNoRegister } from '../xstate/register';
import { endStagger, stagger } from './stagger';
import { relay } from '../xstate/relay';
import { indexTimers } from '../xstate/timerIndex';

/**
 * A connection's place in the registry. The place is emptied when the connection ends.
 *
 * V8 copies a Map time and again while entries come and go, and keeps each copy, with all its entries, until a full
 * collection. So an entry that has gone must hold nothing. Measured with entries of 4 KB, two at a time (Node 20):
 * 4.3 KB of each moved to V8's old generation; with emptied places, 0.2 KB.
 */
interface Entry {
  actor: AnyActorRef | undefined;
  CSA: ConnectedSocketAdapter | undefined;
}

/** The registry's snapshot. `live` is the registry itself, by connection id; the Map changes in place. */
type ConnectionsSnapshot = Snapshot<undefined> & {
  readonly input: ConnectionsInput;
  readonly live: ReadonlyMap<string, Entry>;
};

type ChildEvent =
  | { readonly type: `xstate.done.actor.${string}`; readonly actorId: string; readonly output: ConnectionSummary }
  | { readonly type: `xstate.error.actor.${string}`; readonly actorId: string; readonly error: unknown }
  | { readonly type: 'xstate.stop' };

/**
 * The registry of a server's connections: spawns connections, sends events to all of them, and tells the server how
 * each connection ended.
 *
 * The server's chart doesn't spawn connections itself, because XState copies all of a machine's `children` on every
 * spawn and stop. That takes 0.6 ms at 1,000 live connections and 30 ms at 20,000. Here connections live in a Map,
 * and a connection costs the same among 10 as among 100,000.
 */
export const connections: LogicFor<ConnectionsEvent, ConnectionsInput> = {
  getInitialSnapshot: (_, input): ConnectionsSnapshot => ({
    status: 'active',
    output: undefined,
    error: undefined,
    input,
    live: new Map(),
  }),
  start: (_, { self }) => {
    indexTimers(self);
    keepNoRegister(self);
  },
  transition(snapshot: ConnectionsSnapshot, event: ConnectionsEvent | ChildEvent, { self, defer, stopChild }) {
    const { input, live } = snapshot as ConnectionsSnapshot & { readonly live: Map<string, Entry> };
    const { server } = input;

    const end = (id: string, summary: ConnectionSummary): void => {
      const entry = live.get(id);
      const CSA = entry?.CSA;
      if (entry !== undefined) entry.actor = entry.CSA = undefined;
      live.delete(id);
      if (summary.reason === 'handlerFailed') {
        relay(self, server, { type: '_socketactivity.handlerFailed', id, error: summary.error } as EventObject);
      }
      relay(self, server, { type: '_socketactivity.shutdownCSA', id, CSA, ...summary } as EventObject);
    };

    switch (event.type) {
      case 'spawnConnection': {
        const { CSA, options } = event;
        const actor = createActor(connection, { id: CSA.info.id, parent: self, input: { CSA, options, server } });
        live.set(actor.id, { actor, CSA });
        defer(() => {
          actor.start();
        });
        return snapshot;
      }
      case 'control.admit':
      case 'control.reject': {
        const actor = live.get(event.id)?.actor;
        if (actor !== undefined) relay(self, actor, event);
        return snapshot;
      }
      case 'control.serverShutdown':
        stagger(self, [...live.keys()], event.stagger, (id) => {
          const actor = live.get(id)?.actor;
          if (actor !== undefined) relay(self, actor, { type: event.type });
        });
        return snapshot;
      case 'control.shutdownMicroprocess':
        for (const { actor } of live.values()) if (actor !== undefined) relay(self, actor, event);
        return snapshot;
      case 'xstate.stop':
        for (const { actor } of live.values()) if (actor !== undefined) stopChild(actor);
        live.clear();
        endStagger(self);
        return { ...snapshot, status: 'stopped' };
    }
    if ('output' in event) {
      end(event.actorId, event.output);
    } else if ('error' in event) {
      // the connection itself crashed, not its handler: its socket is closed, and the server hears of its end like of
      // any
      const entry = live.get(event.actorId);
      if (entry?.actor === undefined || entry.CSA === undefined) return snapshot;
      const { bytesIn, bytesOut, durationMs } = entry.CSA;
      end(event.actorId, { reason: 'aborted', error: event.error, bytesIn, bytesOut, durationMs });
    }
    return snapshot;
  },
  getPersistedSnapshot: (snapshot: ConnectionsSnapshot) => snapshot,
};

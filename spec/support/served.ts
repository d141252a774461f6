import type { Socket } from 'node:net';
import { createActor, SimulatedClock, type Actor } from 'xstate';
import {
  connection,
  connectionInput,
  type ConnectionInput,
  type ConnectionSettings,
  type ProtocolEvent,
} from '../../server/index';
import type { BulkClient } from './bulkClient';
import { ownSocket, settled } from './ownSocket';
import { Recorder, type RecordedHandler } from './recorder';

/** One connection without a server. The client reads only on request, and the connection's clock stands still. */
export interface ServedConnection {
  readonly client: BulkClient;
  /** The server's end. */
  readonly socket: Socket;
  readonly CSA: ConnectionInput['CSA'];
  readonly actor: Actor<typeof connection>;
  readonly handler: RecordedHandler;
  readonly clock: SimulatedClock;
  /** Returns the types of all events that the handler got. */
  readonly told: () => string[];
  /** Waits until the kernel moves no more bytes. */
  readonly stall: () => Promise<void>;
}

/**
 * @param cleanUps - gets the functions that must run after the spec
 * @param settings - `writeTimeout` is 1 000 by default
 * @param react - called for each event that the handler gets
 */
export async function serve(
  cleanUps: (() => unknown)[],
  settings: Partial<ConnectionSettings> = {},
  react?: (event: ProtocolEvent, handler: RecordedHandler) => void,
): Promise<ServedConnection> {
  const recorder = new Recorder(react);
  const { client, socket } = await ownSocket();
  const input = connectionInput(socket, { protocol: recorder.protocol, writeTimeout: 1_000, ...settings });
  const { CSA } = input;
  const clock = new SimulatedClock();
  const actor = createActor(connection, { input, clock });
  cleanUps.push(
    () => client.destroy(),
    () => actor.stop(),
  );
  actor.start();
  const handler = recorder.first;
  return {
    ...{ client, socket, CSA, actor, handler, clock },
    told: () => handler.events.map(({ type }) => type),
    stall: () => settled(() => `${String(CSA.bytesIn)} ${String(CSA.bytesOut)}`),
  };
}

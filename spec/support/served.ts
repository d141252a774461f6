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
import { Recorder, type Recorded } from './recorder';

/** One connection without a server: its client reads only when told to, and its time stands still. */
export interface Served {
  readonly client: BulkClient;
  /** The server's end. */
  readonly socket: Socket;
  readonly CSA: ConnectionInput['CSA'];
  readonly actor: Actor<typeof connection>;
  readonly handler: Recorded;
  readonly clock: SimulatedClock;
  /** The types of all that the handler was told. */
  readonly told: () => string[];
  /** Lets the kernel take and give what it can. */
  readonly stall: () => Promise<void>;
}

/**
 * @param cleanUps - is given what has to be done after the spec
 * @param settings - `writeTimeout` is 1 000 unless told
 * @param react - what the handler does about an event
 */
export async function serve(
  cleanUps: (() => unknown)[],
  settings: Partial<ConnectionSettings> = {},
  react?: (event: ProtocolEvent, handler: Recorded) => void,
): Promise<Served> {
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

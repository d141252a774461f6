import { WebSocket, type ClientOptions } from 'ws';
import { Hub } from '../../../server/inspect/hub/hub';
import type { InspectorOptions } from '../../../server/inspect/web/inspectorOptions';
import { startInspector, type Inspector } from '../../../server/inspect/web/startInspector';
import type { BatchMessage, ServerMessage, PageMessage } from '../../../server/inspect/messages';
import type { InspectionRecord } from '../../../server/inspect/records';
import { Client } from '../client';
import { atEnd } from '../fixtures';

/** An inspector of a hub, stopped after the spec. */
export async function inspect(hub: Hub = new Hub(), options: InspectorOptions = {}): Promise<Inspector> {
  const inspector = await startInspector(hub, options);
  atEnd(() => inspector.stop());
  return inspector;
}

/** The port and the token of an inspector's URL. */
export function partsOf({ url }: Inspector): { readonly port: number; readonly token: string } {
  const { port, pathname } = new URL(url);
  return { port: Number(port), token: pathname.slice(1, -1) };
}

/** What an inspector answers to bytes that no client would send. */
export async function answerTo(inspector: Inspector, request: readonly string[]): Promise<string> {
  const client = await Client.connect(partsOf(inspector).port);
  atEnd(() => client.destroy());
  await client.send(`${request.join('\r\n')}\r\n\r\n`);
  client.end();
  return (await client.receiveAll()).toString('latin1');
}

/** The other end of an inspector's WebSocket. */
export class Page {
  /** Resolves with the code of the close. */
  readonly closed: Promise<number>;
  readonly socket: WebSocket;
  readonly #messages: ServerMessage[] = [];
  #changed: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.#messages.push(JSON.parse(data.toString()) as ServerMessage);
      this.#changed?.();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        resolve(code);
        this.#changed?.();
      });
    });
  }

  /** Opens the WebSocket. Rejects with what the inspector said when it refuses. */
  static async open({ url }: Pick<Inspector, 'url'>, options: ClientOptions = {}): Promise<Page> {
    const socket = new WebSocket(`${url.replace('http:', 'ws:')}live`, options);
    atEnd(() => {
      socket.terminate();
    });
    const page = new Page(socket);
    await new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    });
    return page;
  }

  say(message: PageMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The next message of that type, whatever comes before it. */
  async hear<TType extends ServerMessage['type']>(type: TType): Promise<Extract<ServerMessage, { type: TType }>> {
    for (;;) {
      const message = this.#messages.shift();
      if (message?.type === type) return message as Extract<ServerMessage, { type: TType }>;
      if (message === undefined) await this.#change(type);
    }
  }

  /** The next record for which that holds, whatever comes before it. */
  async record<TRecord extends InspectionRecord>(
    isMeant: (record: InspectionRecord) => record is TRecord,
  ): Promise<TRecord>;
  async record(isMeant: (record: InspectionRecord) => boolean): Promise<InspectionRecord>;
  async record(isMeant: (record: InspectionRecord) => boolean): Promise<InspectionRecord> {
    for (;;) {
      const batch: BatchMessage = await this.hear('batch');
      const at = batch.records.findIndex(isMeant);
      const found = batch.records[at];
      if (found === undefined) continue;
      this.#messages.unshift({ type: 'batch', records: batch.records.slice(at + 1) });
      return found;
    }
  }

  #change(what: string): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`Closed while waiting for ${what}`);
    return new Promise((resolve) => (this.#changed = resolve));
  }
}

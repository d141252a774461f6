import { WebSocket, type RawData } from 'ws';
import type { Charts } from './charts';
import type { Hub } from '../hub/hub';
import type { Viewer } from '../hub/viewer';
import { viewerMessage } from './viewerMessage';
import type { DefinitionId, ServerMessage, ViewerMessage } from '../wire';

/** Milliseconds from one batch to the next, at least: what happens meanwhile is told in one. */
const batchInterval = 50;
/** Records in a batch: with {@link batchInterval} the limit of what one viewer may cost. */
const batchSize = 1_000;
/** Milliseconds between two pings. Who hasn't answered one by the next is taken for gone. */
const pingInterval = 30_000;
/** Charts that one viewer may be waiting for. */
const mostCharts = 100;

/** Reasons to end a WebSocket (RFC 6455, 7.4.1). */
const policyViolation = 1008;
const internalError = 1011;

/**
 * A page that looks at a hub, at the other end of a WebSocket.
 *
 * A batch is taken from the hub only when the one before has left this process. So nothing piles up here for a page that
 * doesn't read: it stays in the hub, which leaves out what it must.
 */
export class LiveViewer {
  readonly #socket: WebSocket;
  readonly #charts: Charts;
  readonly #viewer: Viewer;
  readonly #pings: NodeJS.Timeout;
  #next: NodeJS.Timeout | undefined;
  #lastBatch = -Infinity;
  #isSending = false;
  #isAlive = true;
  #wantedCharts = 0;

  constructor(socket: WebSocket, hub: Hub, charts: Charts) {
    this.#socket = socket;
    this.#charts = charts;
    this.#viewer = hub.join(() => {
      this.#schedule();
    });
    socket.on('message', (data: RawData, isBinary: boolean) => {
      this.#attempt(() => {
        this.#receive(data, isBinary);
      });
    });
    socket.on('pong', () => (this.#isAlive = true));
    socket.on('close', () => {
      this.#attempt(() => {
        this.#end();
      });
    });
    this.#pings = setInterval(() => {
      this.#ping();
    }, pingInterval).unref();
    const { context, payloads } = hub;
    this.#send({ type: 'hello', version: 1, context, payloads });
    this.#schedule();
  }

  /** Says goodbye, after the last of what there is to tell. */
  close(code: number): void {
    this.#attempt(() => {
      this.#sendBatch();
      this.#socket.close(code);
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    // what was on its way when we closed
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const message = isBinary ? undefined : viewerMessage((data as Buffer).toString());
    if (message === undefined) this.#socket.close(policyViolation, 'That is no message.');
    else this.#obey(message);
  }

  #obey(message: ViewerMessage): void {
    switch (message.type) {
      case 'watch':
        this.#viewer.watch(message.ids, message.auto);
        break;
      case 'chart':
        if (this.#wantedCharts === mostCharts) this.#socket.close(policyViolation, 'Too many charts at once.');
        else void this.#draw(message.definition);
    }
  }

  async #draw(definition: DefinitionId): Promise<void> {
    this.#wantedCharts += 1;
    const chart = await this.#charts.answer(definition);
    this.#send(chart, () => (this.#wantedCharts -= 1));
  }

  /** Never at once: a hub calls this while an actor takes an event, which needn't wait for our JSON. */
  #schedule(): void {
    if (this.#next !== undefined || this.#isSending) return;
    const wait = Math.max(0, this.#lastBatch + batchInterval - performance.now());
    this.#next = setTimeout(() => {
      this.#next = undefined;
      this.#attempt(() => {
        this.#sendBatch();
      });
    }, wait).unref();
  }

  #sendBatch(): void {
    const records = this.#viewer.take(batchSize);
    if (records.length === 0) return;
    this.#lastBatch = performance.now();
    this.#isSending = true;
    this.#send({ type: 'batch', records }, () => {
      this.#isSending = false;
      this.#schedule();
    });
  }

  /** @param sent - called once it has left this process; never when the socket has closed before */
  #send(message: ServerMessage, sent?: () => void): void {
    this.#socket.send(JSON.stringify(message), (error) => {
      if (!error) sent?.();
    });
  }

  #ping(): void {
    if (!this.#isAlive) {
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }

  #end(): void {
    clearInterval(this.#pings);
    clearTimeout(this.#next);
    this.#viewer.leave();
  }

  /** A fault of ours ends this viewer, and not the server that it looks at. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      closeFor(this.#socket, error);
    }
  }
}

/** Closes a WebSocket because something of ours has failed, and says what, as far as a close frame has room (123 bytes). */
export function closeFor(socket: WebSocket, error: unknown): void {
  // a character has three bytes at most
  socket.close(internalError, String(error).slice(0, 41));
}

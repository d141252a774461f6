import { WebSocket, type RawData } from 'ws';
import type { Charts } from './charts';
import type { Hub } from '../hub/hub';
import type { HubSubscription } from '../hub/hubSubscription';
import { parsePageMessage } from './parsePageMessage';
import type { ServerMessage, PageMessage } from '../messages';
import type { DefinitionId } from '../records';

/** The least milliseconds from one batch to the next: all that happens in between goes into one batch. */
const batchInterval = 50;
/** The most records of a batch. With {@link batchInterval} it bounds what one page can cost. */
const batchSize = 1_000;
/** Milliseconds between two pings. A page that hasn't answered one by the next is taken for gone. */
const pingInterval = 30_000;
/** Charts that one page may wait for at a time. */
const mostCharts = 100;

/** Reasons to end a WebSocket (RFC 6455, 7.4.1). */
const policyViolation = 1008;
const internalError = 1011;

/**
 * The server's end of the WebSocket to a page, which looks at a hub through it.
 *
 * A batch is taken from the hub only when the batch before has left this process. So nothing piles up here for a page
 * that doesn't read: the records wait in the hub, which drops some when there are too many.
 */
export class PageConnection {
  readonly #socket: WebSocket;
  readonly #charts: Charts;
  readonly #subscription: HubSubscription;
  readonly #pings: NodeJS.Timeout;
  #next: NodeJS.Timeout | undefined;
  #lastBatch = -Infinity;
  #isSending = false;
  #isAlive = true;
  #wantedCharts = 0;

  constructor(socket: WebSocket, hub: Hub, charts: Charts) {
    this.#socket = socket;
    this.#charts = charts;
    this.#subscription = hub.join(() => {
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

  /** Sends the records that still wait, then closes the WebSocket. */
  close(code: number): void {
    this.#attempt(() => {
      this.#sendBatch();
      this.#socket.close(code);
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    // the message was on its way when we closed
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const message = isBinary ? undefined : parsePageMessage((data as Buffer).toString());
    if (message === undefined) this.#socket.close(policyViolation, 'That is no message.');
    else this.#obey(message);
  }

  #obey(message: PageMessage): void {
    switch (message.type) {
      case 'watch':
        this.#subscription.watch(message.ids, message.auto);
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

  /** Sends a batch later, never at once: an actor may be taking an event, which must not wait for our JSON. */
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
    const records = this.#subscription.take(batchSize);
    if (records.length === 0) return;
    this.#lastBatch = performance.now();
    this.#isSending = true;
    this.#send({ type: 'batch', records }, () => {
      this.#isSending = false;
      this.#schedule();
    });
  }

  /** @param sent - called when the message has left this process; not called when the socket has closed before */
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
    this.#subscription.leave();
  }

  /** Runs `act`. An error closes this WebSocket, and reaches nothing else. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      closeFor(this.#socket, error);
    }
  }
}

/** Closes a WebSocket because of an error of ours. The close frame says which, as far as its 123 bytes allow. */
export function closeFor(socket: WebSocket, error: unknown): void {
  // a character takes three bytes at most
  socket.close(internalError, String(error).slice(0, 41));
}

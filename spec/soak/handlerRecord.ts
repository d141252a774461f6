import type { Bytes, ProtocolEvent } from '../../server/index';

/** A handler's own record of the events that it got and emitted. */
export class HandlerRecord {
  readonly heard: ProtocolEvent[] = [];
  readonly #said: Buffer[] = [];
  #isOver = false;
  /** Whether the handler has emitted `signal.producerFinished`, or has ended. */
  hasFinished = false;
  hasAborted = false;
  hasCrashed = false;
  /** Whether the handler has emitted data that isn't bytes. */
  hasMisspoken = false;

  /** All bytes that the handler got. */
  get received(): Buffer {
    return Buffer.concat(this.heard.flatMap((event) => (event.type === 'inbox' ? [event.data] : [])));
  }

  /** All bytes that the handler emitted before its own end, or before it was told that the connection is over. */
  get said(): Buffer {
    return Buffer.concat(this.#said);
  }

  hear(event: ProtocolEvent): void {
    this.heard.push(event);
    if (event.type === 'control.socketShutdown') this.#isOver = true;
  }

  says<TBytes extends Bytes>(data: TBytes): TBytes {
    if (!this.#isOver) this.#said.push(Buffer.from(data));
    return data;
  }

  finishes(): void {
    if (!this.#isOver) this.hasFinished = true;
    this.#isOver = true;
  }

  aborts(): void {
    if (!this.#isOver) this.hasAborted = true;
    this.#isOver = true;
  }

  misspeaks(): void {
    if (!this.#isOver) this.hasMisspoken = true;
    this.#isOver = true;
  }

  crashes(): never {
    this.hasCrashed = true;
    throw new Error('under test');
  }
}

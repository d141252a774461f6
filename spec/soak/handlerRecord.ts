import type { Bytes, ProtocolEvent } from '../../server/index';

/** What a handler has heard and said, kept by itself. */
export class HandlerRecord {
  readonly heard: ProtocolEvent[] = [];
  readonly #said: Buffer[] = [];
  #isOver = false;
  /** It has said that it has finished, or has come to its own end. */
  hasFinished = false;
  hasAborted = false;
  hasCrashed = false;
  /** It has said something that isn't bytes. */
  hasMisspoken = false;

  /** All bytes that it was given. */
  get received(): Buffer {
    return Buffer.concat(this.heard.flatMap((event) => (event.type === 'inbox' ? [event.data] : [])));
  }

  /** All bytes that it said before it had ended, or been told that the connection has. */
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

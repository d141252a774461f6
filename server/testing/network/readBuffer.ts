import type { OnReadOpts } from 'node:net';

/** The buffer of a socket's own: what arrives is copied there, and goes to a callback instead of the stream. */
export class ReadBuffer {
  readonly #onread: OnReadOpts;
  #buffer: Uint8Array;

  /** @param onread - as `net.Socket` has it */
  constructor(onread: OnReadOpts) {
    this.#onread = onread;
    this.#buffer = typeof onread.buffer === 'function' ? onread.buffer() : onread.buffer;
  }

  /** Bytes that can be read at once. */
  get size(): number {
    return this.#buffer.length;
  }

  /** Hands bytes on, no more than there is room for; false when the callback wants none after them. */
  deliver(bytes: Uint8Array): boolean {
    const onread = this.#onread;
    this.#buffer.set(bytes);
    // one that returns nothing, as JavaScript lets it, wants more
    const answer: unknown = onread.callback(bytes.length, this.#buffer);
    if (typeof onread.buffer === 'function') this.#buffer = onread.buffer();
    return answer !== false;
  }
}

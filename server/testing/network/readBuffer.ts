import type { OnReadOpts } from 'node:net';

/**
 * The buffer of a socket with `onread`: arriving bytes are copied there, and go to a callback instead of the stream.
 */
export class ReadBuffer {
  readonly #onread: OnReadOpts;
  #buffer: Uint8Array;

  /** @param onread - the option of `net.Socket` */
  constructor(onread: OnReadOpts) {
    this.#onread = onread;
    this.#buffer = typeof onread.buffer === 'function' ? onread.buffer() : onread.buffer;
  }

  /** How many bytes can be read at once. */
  get size(): number {
    return this.#buffer.length;
  }

  /** Hands on bytes, {@link size} at most. Returns false when the callback wants no more for now. */
  deliver(bytes: Uint8Array): boolean {
    const onread = this.#onread;
    this.#buffer.set(bytes);
    // a callback in JavaScript that returns nothing wants more
    const answer: unknown = onread.callback(bytes.length, this.#buffer);
    if (typeof onread.buffer === 'function') this.#buffer = onread.buffer();
    return answer !== false;
  }
}

import { seededRandom } from '../../server/testing/network/random';

const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const length = 1 << 20;

const random = seededRandom(1);
const text = Buffer.from(
  Uint8Array.from({ length }, () => alphabet.charCodeAt(Math.floor(random() * alphabet.length))),
);

/** Bytes that show their sender and their place among the sender's bytes: no part of them appears elsewhere. */
export function pattern(who: number, from: number, size: number): Buffer {
  const start = (who * 104_729 + from) % (length - size);
  return text.subarray(start, start + size);
}

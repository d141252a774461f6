import type { Bytes } from '../../../machines/vocabulary/connectionTypes';
import { oneLine } from '../../inspect/trace/traceText';

/** Bytes that are shown of a longer value. */
const most = 60;

export const toBuffer = (bytes: Bytes): Buffer =>
  typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Bytes in one line: `"hello\n"` when they are UTF-8, `<00 ff>` when they aren't; of many, the first and their number. */
export function bytesText(bytes: Bytes): string {
  const all = toBuffer(bytes);
  const text = all.subarray(0, most).toString();
  // a character may have been cut in two
  const whole = all.length > most ? text.replace(/\ufffd+$/, '') : text;
  const shown = whole.includes('\ufffd') ? `<${hex(all.subarray(0, most / 3))}>` : oneLine(JSON.stringify(whole));
  return all.length > most ? `${shown}… (${String(all.length)} bytes)` : shown;
}

/** `68 65 6c 6c 6f` */
export const hex = (bytes: Buffer): string => bytes.toString('hex').replace(/..(?=.)/g, '$& ');

/** The place where two runs of bytes differ first; the length of the shorter one when it is the other's beginning. */
export function firstDifference(one: Buffer, other: Buffer): number {
  const length = Math.min(one.length, other.length);
  let index = 0;
  while (index < length && one[index] === other[index]) index += 1;
  return index;
}

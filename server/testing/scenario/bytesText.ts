import type { Bytes } from '../../../machines/vocabulary/connectionTypes';
import { oneLine } from '../../inspect/trace/traceText';

/** How many bytes of a longer value are shown. */
const most = 60;

export const toBuffer = (bytes: Bytes): Buffer =>
  typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Bytes in one line: `"hello\n"` when they are UTF-8, else `<00 ff>`. Of many bytes, the first ones and their number.
 */
export function bytesText(bytes: Bytes): string {
  const all = toBuffer(bytes);
  const text = all.subarray(0, most).toString();
  // the cut may be inside of a character
  const whole = all.length > most ? text.replace(/\ufffd+$/, '') : text;
  const shown = whole.includes('\ufffd') ? `<${hex(all.subarray(0, most / 3))}>` : oneLine(JSON.stringify(whole));
  return all.length > most ? `${shown}… (${String(all.length)} bytes)` : shown;
}

/** `68 65 6c 6c 6f` */
export const hex = (bytes: Buffer): string => bytes.toString('hex').replace(/..(?=.)/g, '$& ');

/** The place where two runs of bytes differ first; the length of the shorter one when the other begins with it. */
export function firstDifference(one: Buffer, other: Buffer): number {
  const length = Math.min(one.length, other.length);
  let index = 0;
  while (index < length && one[index] === other[index]) index += 1;
  return index;
}

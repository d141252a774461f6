import { bytesText, firstDifference, hex } from './bytesText';

/** How many bytes are shown on either side of the first difference. */
const around = 24;

/** The first difference in text and in hex, as a few lines; undefined when `received` begins with the wanted bytes. */
export function difference(wanted: Buffer, received: Buffer): readonly string[] | undefined {
  const at = firstDifference(received, wanted);
  if (at === wanted.length) return undefined;
  const from = Math.max(0, at - around);
  const lines = (title: string, bytes: Buffer): string[] => {
    const part = bytes.subarray(from, at + around);
    return [`  ${title}  ${bytesText(part)}`, `            ${hex(part)}`];
  };
  const place = at === 0 ? [] : [`  the same up to byte ${String(at)}; from byte ${String(from)} on:`];
  return [...place, ...lines('expected', wanted), ...lines('received', received)];
}

import { bytesText, firstDifference, hex } from './bytesText';

/** Bytes to both sides of the first difference that are shown. */
const around = 24;

/** Where bytes differ from those that were wanted: a few lines, in text and in hex; undefined when they begin with those. */
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

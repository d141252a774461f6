import { mostChosen } from '../hub/subscriber';
import type { PageMessage } from '../messages';

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * Reads what a page has sent.
 * @returns the message; undefined for anything that isn't one
 */
export function parsePageMessage(text: string): PageMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, ids, auto, definition } = message as Readonly<Record<string, unknown>>;
  switch (type) {
    case 'watch': {
      const isRight = Array.isArray(ids) && ids.length <= mostChosen && ids.every(isId) && isId(auto);
      return isRight && auto <= mostChosen ? { type, ids, auto } : undefined;
    }
    case 'chart':
      return isId(definition) ? { type, definition } : undefined;
    default:
      return undefined;
  }
}

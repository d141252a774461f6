import { mostChosen } from '../hub/hubViewer';
import type { ViewerMessage } from '../wire';

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * What a viewer has sent, if it is a message at all.
 * @returns undefined for anything else, whatever it is
 */
export function viewerMessage(text: string): ViewerMessage | undefined {
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

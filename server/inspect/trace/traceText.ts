import type { StateValue } from 'xstate';

/** A state as text: `open.flowing`; for parallel states `a.b, a.c.d`, each with its outer states. */
export function stateText(value: StateValue | undefined, above = ''): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return above + value;
  return Object.entries(value)
    .map(([state, below]) => stateText(below, `${above}${state}.`) || above + state)
    .join(', ');
}

/**
 * A text with its control characters written out. A peer may choose names and types, and a terminal would obey them.
 */
export const oneLine = (text: string): string =>
  text.replace(
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

import { momentAt, statusAt, type Actor } from './actor';
import { stateText } from './stateText';

/** A filter's text as functions. */
export interface Filter {
  /** @param position - the number of the record at which the actor is looked at */
  readonly matches: (actor: Actor, position: number) => boolean;
  /** Whether some word is looked for in states. Only the states of watched actors are known. */
  readonly asksForStates: boolean;
}

/** A place where a word is looked for. */
type Field = 'name' | 'state' | 'kind' | 'status';

const fields: Readonly<Record<Field, (actor: Actor, position: number) => string>> = {
  name: ({ name }) => name,
  state: (actor, position) => stateText(momentAt(actor, position)?.value),
  kind: ({ kind }) => kind,
  status: statusAt,
};

const anywhere: readonly Field[] = ['name', 'state', 'kind'];

/**
 * Reads the filter's text. It has words, and an actor matches when each word is in its name, its state or its kind.
 * `state:open`, `kind:machine`, `status:error` and `name:listener` are looked for in one of these only. A word that
 * ends in a digit stands for the whole number: `connection:7` isn't `connection:71`. Capitals don't matter.
 * @returns undefined when there is nothing to look for
 */
export function parseFilter(text: string): Filter | undefined {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean).map(parseWord);
  if (words.length === 0) return undefined;
  return {
    matches: (actor, position) =>
      words.every(({ where, word }) => where.some((field) => contains(fields[field](actor, position), word))),
    asksForStates: words.some(({ where }) => where.includes('state')),
  };
}

function parseWord(text: string): { where: readonly Field[]; word: string } {
  const colon = text.indexOf(':');
  const field = text.slice(0, colon);
  return Object.hasOwn(fields, field) && colon > 0
    ? { where: [field as Field], word: text.slice(colon + 1) }
    : { where: anywhere, word: text };
}

const isDigit = (text: string | undefined): boolean => text !== undefined && text >= '0' && text <= '9';

function contains(text: string, word: string): boolean {
  const inside = text.toLowerCase();
  const needsEnd = isDigit(word.at(-1));
  for (let at = inside.indexOf(word); at >= 0; at = inside.indexOf(word, at + 1)) {
    if (!needsEnd || !isDigit(inside[at + word.length])) return true;
  }
  return false;
}

import type { Shown } from '../records';
import { clip, count, h } from './dom';

/** Makes a leaf of a value that isn't plain data: `value` is that of the key with `$`, `all` the whole. */
type LeafMaker = (value: Shown, all: Readonly<Record<string, Shown>>) => HTMLElement;

const faint = (text: string): HTMLElement => h('span', { class: 'faint' }, clip(text));
const text = (value: Shown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The makers of leaves, by the key that marks the value. */
const specials: Readonly<Record<string, LeafMaker>> = {
  $bytes: (length, { first = '' }) =>
    h('span', { class: 'bytes' }, `${count(Number(length))} bytes `, h('span', { class: 'hex' }, clip(text(first)))),
  $instance: (name) => faint(text(name)),
  $more: (left) => faint(`… ${count(Number(left))} more`),
  $redacted: () => h('span', { class: 'redacted', title: 'redacted' }, '••••••'),
  $getter: () => faint('getter, not run'),
  $circular: () => faint('circular'),
  $bigint: (digits) => h('span', { class: 'number' }, `${clip(text(digits))}n`),
  $function: (name) => faint(`function ${text(name)}`),
  $symbol: (name) => faint(`Symbol(${text(name)})`),
  $undefined: () => faint('undefined'),
  $number: (name) => h('span', { class: 'number' }, clip(text(name))),
  $date: (date) => h('span', { class: 'number' }, clip(text(date))),
  $error: (message) => h('span', { class: 'error' }, clip(text(message), 500)),
  $text: (beginning, { length = 0 }) =>
    h('span', { class: 'string' }, `"${text(beginning)}…" `, faint(`${count(Number(length))} characters`)),
};

/**
 * Draws a value as a tree with branches that open and close.
 * @param open - whether each branch that the reader has opened or closed is open, by its path; kept from one drawing
 * to the next. Of all others, the first two levels are open
 */
export function shownTree(value: Shown, open: Map<string, boolean>, path = '', depth = 0): HTMLElement {
  const entries = entriesOf(value);
  if (entries === undefined) return leaf(value);
  const branch = h('details', { class: 'branch' }, h('summary', {}, summaryOf(value, entries.length)));
  branch.open = open.get(path) ?? depth < 2;
  let isFilled = false;
  const fill = (): void => {
    if (isFilled || !branch.open) return;
    isFilled = true;
    for (const [key, inner] of entries) {
      const line = h('div', { class: 'entry' }, h('span', { class: 'key' }, clip(key)));
      line.append(shownTree(inner, open, `${path}/${key}`, depth + 1));
      branch.append(line);
    }
  };
  fill();
  branch.addEventListener('toggle', () => {
    open.set(path, branch.open);
    fill();
  });
  return branch;
}

const isRecord = (value: Shown): value is Readonly<Record<string, Shown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The key that marks a value as no plain data: the first one. (A plain object's own key `$bytes` comes as `$$bytes`.)
 */
function specialOf(value: Shown): string | undefined {
  const [key] = isRecord(value) ? Object.keys(value) : [];
  return key !== undefined && Object.hasOwn(specials, key) ? key : undefined;
}

/** The entries of a branch; undefined for a leaf. */
function entriesOf(value: Shown): readonly (readonly [string, Shown])[] | undefined {
  if (Array.isArray(value)) {
    return (value as readonly Shown[]).map((item, index) => [leftOut(item) === undefined ? String(index) : '', item]);
  }
  if (!isRecord(value) || specialOf(value) !== undefined) return undefined;
  const { $map, $set } = value;
  if (Array.isArray($set)) return entriesOf($set);
  if (Array.isArray($map)) {
    return ($map as readonly Shown[]).map((pair, index) =>
      Array.isArray(pair) && pair.length === 2 ? [text(pair[0] as Shown), pair[1] as Shown] : [String(index), pair],
    );
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$more' ? [] : [[key.replace(/^\$\$/, '$'), inner] as const],
  );
}

/** The number of entries that were left out, if that is what the value says; undefined for all other values. */
function leftOut(value: Shown | undefined): number | undefined {
  return value !== undefined && isRecord(value) && typeof value['$more'] === 'number' ? value['$more'] : undefined;
}

function summaryOf(value: Shown, length: number): string {
  const left = leftOut(Array.isArray(value) ? (value as readonly Shown[]).at(-1) : value);
  const more = left === undefined ? '' : `, ${count(left)} more`;
  if (Array.isArray(value)) return `[${count(left === undefined ? length : length - 1)}${more}]`;
  const kind = isRecord(value) && '$map' in value ? 'Map ' : isRecord(value) && '$set' in value ? 'Set ' : '';
  return `${kind}{${count(length)}${more}}`;
}

function leaf(value: Shown): HTMLElement {
  const special = specialOf(value);
  if (special !== undefined && isRecord(value)) {
    const { [special]: inner = null } = value;
    return specials[special]?.(inner, value) ?? faint(special);
  }
  if (typeof value === 'string') return h('span', { class: 'string' }, JSON.stringify(value));
  return h('span', { class: value === null ? 'faint' : 'number' }, String(value as number | boolean | null));
}

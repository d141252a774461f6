import type { StateValue } from '../wire';

/** The states that a value names, as the chart's `data-state` has them: `open` and `open.flowing` for `{ open: 'flowing' }`. */
export function stateIds(value: StateValue | undefined): string[] {
  const ids: string[] = [];
  collect(value, '', (id) => ids.push(id));
  return ids;
}

/** A state in words: `open.flowing`, and `left.on, right.off` where regions are parallel; empty when there is none. */
export function stateText(value: StateValue | undefined): string {
  const leaves: string[] = [];
  collect(value, '', (id, isLeaf) => isLeaf && leaves.push(id));
  return leaves.join(', ');
}

function collect(value: StateValue | undefined, prefix: string, tell: (id: string, isLeaf: boolean) => unknown): void {
  if (value === undefined) return;
  if (typeof value === 'string') {
    tell(prefix + value, true);
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    // the value of a state that has none inside is an empty object
    const isLeaf = typeof inner !== 'string' && Object.keys(inner).length === 0;
    tell(prefix + name, isLeaf);
    collect(inner, `${prefix}${name}.`, tell);
  }
}

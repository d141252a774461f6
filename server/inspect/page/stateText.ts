import type { StateValue } from '../records';

/**
 * The states in a value, by the names in the chart's `data-state`: `open`, `open.flowing` for `{ open: 'flowing' }`.
 */
export function stateIds(value: StateValue | undefined): string[] {
  const ids: string[] = [];
  collect(value, '', (id) => ids.push(id));
  return ids;
}

/** A state as text: `open.flowing`; for parallel regions `left.on, right.off`; empty when there is no value. */
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
    // a region of a parallel state that has no states of its own comes as an empty object
    const isLeaf = typeof inner !== 'string' && Object.keys(inner).length === 0;
    tell(prefix + name, isLeaf);
    collect(inner, `${prefix}${name}.`, tell);
  }
}

import type { BornRecord, InspectionRecord, StateValue } from '../../../server/inspect/records';

/** Records as a page gets them, short to write. Their time is 0, which nothing depends on. */
export const born = (id: number, name: string, parent?: number): BornRecord => ({
  ...{ type: 'born', at: 0, id, name, kind: 'machine', session: `x:${String(id)}` },
  ...(parent !== undefined && { parent }),
});

export const died = (id: number): InspectionRecord => ({ type: 'died', at: 0, id, status: 'done' });

export const failed = (id: number, error: string): InspectionRecord => ({
  type: 'died',
  at: 0,
  id,
  status: 'error',
  error,
});

export const watched = (id: number, value: StateValue): InspectionRecord => ({
  ...{ type: 'watched', at: 0, id, definition: 1, status: 'active', value },
});

/** @param edges - names of transitions */
export const snapshot = (
  id: number,
  value: StateValue,
  event = 'go',
  edges: readonly string[] = [],
): InspectionRecord => ({
  ...{ type: 'snapshot', at: 0, id, status: 'active', value, event, edges },
});

/** @param source - missing: it comes from outside */
export const sent = (target: number, type: string, source?: number): InspectionRecord => ({
  ...{ type: 'event', at: 0, target, event: { type } },
  ...(source !== undefined && { source }),
});

export const emitted = (source: number, type: string): InspectionRecord => ({
  ...{ type: 'emitted', at: 0, source, event: { type } },
});

export const dropped = (events: number): InspectionRecord => ({ type: 'dropped', events });

/** A server with so many connections: 1 is the server, 2 its registry, from 3 on the connections. */
export const server = (connections: number): InspectionRecord[] => [
  born(1, 'server'),
  born(2, 'connections', 1),
  ...Array.from({ length: connections }, (_, n) => born(n + 3, `connection:${String(n + 1)}`, 2)),
];

import type { AnyStateNode } from 'xstate';

/** The label of an actor, an action or a guard that was written in place, without a name. */
const inline = 'inline';

/** Names that say nothing: JavaScript names a function after the key that it stands at. */
const keyNames: ReadonlySet<string> = new Set(['', 'anonymous', 'guard', 'actions', 'entry', 'exit']);

/** The name of an action or a guard. XState takes a string, an object with a `type`, or a function. */
function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { type, name } = value as { readonly type?: unknown; readonly name?: unknown };
  if (typeof type === 'string') return type.replace(/^xstate\./, '');
  return typeof name === 'string' && !keyNames.has(name) ? name : inline;
}

/**
 * The label of an action: `tellSocketShutdown`. For an action that XState made without a name: `assign` and the like.
 */
export const actionLabel = (action: unknown): string => nameOf(action);

/** The fields that XState's `and`, `or`, `not` and `stateIn` add to the functions that they make. */
interface HigherGuard {
  readonly guards?: readonly unknown[];
  readonly stateValue?: unknown;
}

/** The label of a guard: `isStalled`, `not isStalled`, `isStalled and (isFlushed or isEmpty)`. */
export function guardLabel(guard: unknown): string {
  const { guards, stateValue } = guard as HigherGuard;
  if (stateValue !== undefined) return `in ${typeof stateValue === 'string' ? stateValue : JSON.stringify(stateValue)}`;
  if (guards === undefined) return nameOf(guard);
  const parts = guards.map((part) =>
    ((part as HigherGuard).guards?.length ?? 0) > 1 ? `(${guardLabel(part)})` : guardLabel(part),
  );
  return parts.length === 1 ? `${nameOf(guard)} ${String(parts[0])}` : parts.join(` ${nameOf(guard)} `);
}

/** Whether an actor's id was made by XState, because the actor is invoked without one. */
const isMadeByXState = (id: string, { id: state }: AnyStateNode): boolean =>
  /^\d+\./.test(id) && id.endsWith(`.${state}`);

/** The label of an invoked actor: its id and its source, `protocol: mkProtocolHandler`, or the one that has a name. */
export function invokeLabel(id: string, src: unknown, node: AnyStateNode): string {
  const source = typeof src === 'string' && !src.startsWith('xstate.invoke.') ? src : undefined;
  if (isMadeByXState(id, node)) return source ?? inline;
  return source === undefined || source === id ? id : `${id}: ${source}`;
}

/**
 * The label of an event: `inbox`, `after writeTimeout`, `after 50 ms`, `done protocol`, `error protocol`, `done`.
 * Empty for an `always`.
 */
export function eventLabel(type: string, node: AnyStateNode): string {
  const [, kind, rest = ''] = /^xstate\.(after|done\.actor|done\.state|error\.actor|snapshot)\.(.*)$/s.exec(type) ?? [];
  switch (kind) {
    case 'after': {
      const delay = rest.endsWith(`.${node.id}`) ? rest.slice(0, -node.id.length - 1) : rest;
      return `after ${/^\d+$/.test(delay) ? `${delay} ms` : delay}`;
    }
    case 'done.state':
      return rest === node.id ? 'done' : `done ${rest}`;
    case 'done.actor':
    case 'error.actor':
    case 'snapshot': {
      const invoked = node.invoke.find(({ id }) => id === rest);
      const actor = invoked && isMadeByXState(rest, node) ? invokeLabel(rest, invoked.src, node) : rest;
      const outcome = String(kind.split('.')[0]);
      return actor === inline ? outcome : `${outcome} ${actor}`;
    }
    default:
      return type;
  }
}

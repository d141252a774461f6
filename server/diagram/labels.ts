import type { AnyStateNode } from 'xstate';

/** Stands for an actor, an action or a guard that was written in place, without a name. */
const inline = 'inline';

/** The names that JavaScript gives to functions for the key that they stand at. */
const keys: ReadonlySet<string> = new Set(['', 'anonymous', 'guard', 'actions', 'entry', 'exit']);

/** A string, an object with a `type`, or a function: XState takes all of them for actions and guards. */
function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { type, name } = value as { readonly type?: unknown; readonly name?: unknown };
  if (typeof type === 'string') return type.replace(/^xstate\./, '');
  return typeof name === 'string' && !keys.has(name) ? name : inline;
}

/** `tellSocketShutdown`; `assign` and the like for those that XState makes. */
export const actionLabel = (action: unknown): string => nameOf(action);

/** What XState's `and`, `or`, `not` and `stateIn` leave on the functions that they make. */
interface HigherGuard {
  readonly guards?: readonly unknown[];
  readonly stateValue?: unknown;
}

/** `isStalled`, `not isStalled`, `isStalled and (isFlushed or isEmpty)`. */
export function guardLabel(guard: unknown): string {
  const { guards, stateValue } = guard as HigherGuard;
  if (stateValue !== undefined) return `in ${typeof stateValue === 'string' ? stateValue : JSON.stringify(stateValue)}`;
  if (guards === undefined) return nameOf(guard);
  const parts = guards.map((part) =>
    ((part as HigherGuard).guards?.length ?? 0) > 1 ? `(${guardLabel(part)})` : guardLabel(part),
  );
  return parts.length === 1 ? `${nameOf(guard)} ${String(parts[0])}` : parts.join(` ${nameOf(guard)} `);
}

/** The id that XState gives to an actor that is invoked without one. */
const isGiven = (id: string, { id: state }: AnyStateNode): boolean => /^\d+\./.test(id) && id.endsWith(`.${state}`);

/** `protocol: mkProtocolHandler`, or the one of the two that is known. */
export function invokeLabel(id: string, src: unknown, node: AnyStateNode): string {
  const source = typeof src === 'string' && !src.startsWith('xstate.invoke.') ? src : undefined;
  if (isGiven(id, node)) return source ?? inline;
  return source === undefined || source === id ? id : `${id}: ${source}`;
}

/** `inbox`, `after writeTimeout`, `after 50 ms`, `done protocol`, `error protocol`, `done`; empty for an `always`. */
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
      const who = invoked && isGiven(rest, node) ? invokeLabel(rest, invoked.src, node) : rest;
      const what = String(kind.split('.')[0]);
      return who === inline ? what : `${what} ${who}`;
    }
    default:
      return type;
  }
}

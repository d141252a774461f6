import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root';

/** Reads the source of the types in `machines/`, since types are gone when a spec runs. */
const read = (file: string): string => readFileSync(join(root, 'machines', file), 'utf8');

/** The members of a union of strings. */
export function unionIn(file: string, name: string): string[] {
  const [, body = ''] = new RegExp(`export type ${name} =([^;]*);`).exec(read(file)) ?? [];
  return [...body.matchAll(/'(\w+)'/g)].map(([, member = '']) => member);
}

const typesIn = (source: string): string[] =>
  [...source.matchAll(/readonly type: '([^']+)'/g)].map(([, type = '']) => type);

const readEvents = (): string => read('protocolEvents.ts') + read('events.ts');

/** The types of the events in a union. */
export function eventsIn(name: string): string[] {
  const source = readEvents();
  const start = source.indexOf(`type ${name} =`);
  return typesIn(source.slice(start, source.indexOf('\n\n', start)));
}

/** The types of all events, in every box. */
export const allEvents = (): string[] => [...new Set(typesIn(readEvents()))];

/** The fields of an interface without nested object types. */
export function fieldsIn(file: string, name: string): string[] {
  const [, body = ''] = new RegExp(`export interface ${name}[^{]*{([^}]*)\n}`).exec(read(file)) ?? [];
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field = '']) => field);
}

import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createActor, createMachine, type AnyStateMachine } from 'xstate';
import { connectionMachine, serverCoreMachine, singleServerMachine, tcpClientMachine } from '../../server/index';
import { root } from '../support/root';

interface Place {
  readonly path: string;
  readonly value: unknown;
}

/** Every value of a key, anywhere in a chart. */
function find(config: unknown, key: string, path = ''): Place[] {
  if (typeof config !== 'object' || config === null) return [];
  return Object.entries(config).flatMap(([name, value]) => {
    const here = `${path}/${name}`;
    const found = name === key ? [{ path: here, value: value as unknown }] : [];
    return [...found, ...find(value, key, here)];
  });
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);

/** The places whose value is neither a name nor an object that names its type. */
function unnamed(machine: AnyStateMachine, key: string): string[] {
  return find(machine.config, key)
    .filter(({ value }) =>
      list(value).some((item) => typeof item !== 'string' && typeof (item as { type?: unknown }).type !== 'string'),
    )
    .map(({ path }) => path);
}

describe.each([
  ['serverCoreMachine', serverCoreMachine],
  ['singleServerMachine', singleServerMachine],
  ['connectionMachine', connectionMachine],
  ['tcpClientMachine', tcpClientMachine],
] as [string, AnyStateMachine][])('%s', (_, machine) => {
  it.each(['actions', 'entry', 'exit', 'guard'])('names every part of its %s', (key) => {
    expect(unnamed(machine, key)).toEqual([]);
  });

  it('names every delay', () => {
    const delays = find(machine.config, 'after').flatMap(({ value }) => Object.keys(value as object));
    expect(delays.filter((delay) => !Number.isNaN(Number(delay)))).toEqual([]);
    expect(Object.keys(machine.implementations.delays)).toEqual(expect.arrayContaining(delays));
  });

  it('gives every invoked actor an id and a name', () => {
    const invoked = find(machine.config, 'invoke').flatMap(({ value }) => list(value));
    expect(invoked).not.toEqual([]);
    for (const actor of invoked) expect(actor).toMatchObject({ id: expect.any(String), src: expect.any(String) });
  });

  it.each(['actions', 'guards', 'delays'] as const)('uses all of its %s', (kind) => {
    const chart = JSON.stringify(machine.config);
    const unused = Object.keys(machine.implementations[kind]).filter((name) => !chart.includes(`"${name}"`));
    expect(unused).toEqual([]);
  });

  it('has no state ids of its own', () => {
    const { states } = machine.config as { states: Record<string, object> };
    const ids = find(states, 'id').filter(({ path }) => !path.includes('/invoke'));
    expect(ids).toEqual([]);
  });

  it('can be rebuilt from its JSON, as the Stately editor and inspector do', () => {
    // JSON has only the guards' names, and to find the first state, XState calls the guards of an `always`
    const guards = Object.fromEntries(Object.keys(machine.implementations.guards).map((name) => [name, () => false]));
    const rebuilt = createMachine(JSON.parse(JSON.stringify(machine.config)) as object).provide({ guards });
    expect(Object.keys(rebuilt.states)).toEqual(Object.keys(machine.states));
    expect(createActor(rebuilt).getSnapshot().status).not.toBe('error');
  });
});

describe('machines/', () => {
  const folder = join(root, 'machines');
  const files = readdirSync(folder);

  it('has one chart a file, named after it', () => {
    const charts = files.filter((file) => file.endsWith('Machine.ts')).map((file) => file.replace('.ts', ''));
    expect(charts).toEqual(['connectionMachine', 'serverCoreMachine', 'singleServerMachine', 'tcpClientMachine']);
  });
});

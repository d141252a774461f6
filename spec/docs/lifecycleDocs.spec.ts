import { describe, expect, it } from '@jest/globals';
import type { AnyStateNode } from 'xstate';
import { resolveServerCoreOptions, serverCoreChecks, singleServerChecks } from '../../machines/options/resolveOptions';
import { connectionMachine, echo, serverCoreMachine, singleServerMachine, tcpClientMachine } from '../../server/index';
import { eventsIn, unionIn } from '../support/sourceTypes';
import { readPage } from '../support/pages';

const page = readPage('docs/lifecycle.md');

/** The code spans in the first cells of the tables under a heading. */
function firstCells(heading: string): string[] {
  const start = page.indexOf(`\n${heading}\n`);
  expect(start).toBeGreaterThan(0);
  const section = page.slice(start + heading.length + 2).split(/\n#/)[0] ?? '';
  const rows = section.split('\n').filter((line) => /^\| (?!-)/.test(line));
  return rows
    .slice(1)
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(?:… )?([^`]+)`/g)].map(([, text = '']) => text));
}

/** The innermost states, by the names that the page uses: the part that `… ` stands for is left out. */
function statesOf(node: AnyStateNode, path: readonly string[] = []): string[] {
  const states = Object.values(node.states as Record<string, AnyStateNode>);
  if (states.length === 0) return [path.join('.')];
  return states.flatMap((state) => statesOf(state, [...path, state.key]));
}

const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

describe('docs/lifecycle.md', () => {
  it.each([
    ['## ServerCore', serverCoreMachine, ['listening.full.responding']],
    ['## SingleServer', singleServerMachine, ['connected.responding']],
    ['## A connection', connectionMachine, []],
    ['## tcpClient', tcpClientMachine, []],
  ] as const)('has every state of %s', (heading, machine, mentioned) => {
    const named = firstCells(heading).map((name) =>
      name.startsWith('full.')
        ? `listening.${name}`
        : /^(rejecting|queueing|refusing)$/.test(name)
          ? `connected.${name}`
          : name,
    );
    const states = statesOf(machine.root as unknown as AnyStateNode);
    // the page also has the states that contain others
    const isAround = (name: string): boolean => states.some((state) => state.startsWith(`${name}.`));
    expect(sorted([...named.filter((name) => !isAround(name)), ...mentioned])).toEqual(sorted(states));
  });

  it('has every reason of an end, and of none', () => {
    expect(sorted(firstCells('### Why it ended: the reasons of `connection.closed`'))).toEqual(
      sorted(unionIn('vocabulary/connectionTypes.ts', 'CloseReason')),
    );
    expect(sorted(firstCells('### Why it never began: the reasons of `connection.rejected`'))).toEqual(
      sorted(unionIn('events.ts', 'RejectReason')),
    );
  });

  it('has every event that a server tells, and that one tells it', () => {
    expect(sorted(firstCells('## What a server tells'))).toEqual(
      sorted([...eventsIn('ServerEmitted'), ...eventsIn('SingleServerEmitted')]),
    );
    const told = [...eventsIn('ServerControl'), ...eventsIn('ServerCoreEvent'), ...eventsIn('SingleServerEvent')];
    const ours = told.filter((type) => !type.startsWith('_'));
    expect(sorted(firstCells('## What one tells a server'))).toEqual(sorted([...ours, 'control.tlsReload']));
  });

  it('has every option, and its default', () => {
    const checks = { ...serverCoreChecks, ...singleServerChecks };
    expect(sorted(firstCells('## The options'))).toEqual(sorted([...Object.keys(checks), 'clock']));
    const defaults = Object.entries(resolveServerCoreOptions({ protocol: echo })).filter(
      ([, value]) => typeof value !== 'object',
    );
    expect(defaults.length).toBeGreaterThan(15);
    const options = page.slice(page.indexOf('\n## The options'));
    for (const [name, value] of defaults) {
      const [, , told = ''] = new RegExp(`\\n(\\| \`${name}\` +\\| )([^|]*)`).exec(options) ?? [];
      const text = typeof value === 'string' ? `'${value}'` : String(value as number | boolean);
      expect([
        name,
        told
          .replace(/ ms *$/, '')
          .replaceAll('_', '')
          .trim(),
      ]).toEqual([name, `\`${text}\``]);
    }
  });
});

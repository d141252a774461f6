import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { has, internals } from '../../actors/xstate/internals';
import { supportedXState } from '../../actors/xstate/unsupportedXState';
import { compiling } from '../support/processes/child';
import { root } from '../support/root';
import { ChangedXStates } from '../support/xstate/changedXState';
import type { uses } from '../support/xstate/uses';

/** Runs all programs of `uses.ts`, one after the other. Prints their results and the names that are missing. */
const program = `
  const { uses } = require('./spec/support/xstate/uses.ts');
  const { has } = require('./actors/xstate/internals.ts');
  (async () => {
    const seen = {};
    for (const [name, use] of Object.entries(uses)) seen[name] = await use().catch(String);
    const missing = Object.keys(has).filter((name) => !has[name]);
    console.log(JSON.stringify({ missing, seen }));
  })();
`;

/** Runs a program in a process that gets its XState from a folder. Returns what the program prints. */
async function run(code: string, folder: string): Promise<unknown> {
  const env = { ...process.env, SERVERCHART_XSTATE: folder };
  const options = { cwd: root, env, timeout: 30_000 };
  return JSON.parse((await promisify(execFile)(process.execPath, [...compiling, '-e', code], options)).stdout);
}

interface Result {
  readonly missing: readonly string[];
  readonly seen: Readonly<Record<string, unknown>>;
}

/** The results of the uses, which must be the same whatever XState calls its parts. */
const expected: Readonly<Record<keyof typeof uses, unknown>> = {
  echoes: { text: 'hello', reason: 'peerClosed', connections: 1 },
  'answers with a promise': { text: 'answer', reason: 'handlerFinished', connections: 1 },
  'answers with an observable': { text: 'ab', reason: 'handlerFinished', connections: 1 },
  'answers after a while': { text: 'late', reason: 'handlerFinished', connections: 1 },
  'runs a chart with children': { text: 'told', reason: 'handlerFinished', connections: 1 },
  'serves one without a protocol': 'hello!',
  'shuts down before its start': { connections: 0, refused: 'ERR_SERVER_CLOSED' },
  'shuts down with open connections': ['serverShutdown', 'serverShutdown', 'aborted', 'aborted'],
  'is inspected': { emits: true, changes: true, deaths: 6 },
  'plays a scenario': { leftovers: [], named: true },
  'finds the paths of a model': ['reaches locked from open by push'],
};

/** The results of uses that have no substitute, and report that. */
const exceptions: Readonly<Record<string, Partial<typeof expected>>> = {
  _transitions: { 'finds the paths of a model': 'ERR_XSTATE_VERSION' },
};

/** The names without which a server once failed. */
const essential: readonly string[] = [
  '_relay',
  '_processingStatus',
  '_actorScope',
  '_scheduledEvents',
  '_sendInspectionEvent',
  '_nodes',
  'actionExecutor',
];

/** The names to try. Each one takes a process of its own, so only CI tries all of them. */
const tried = process.env['CI'] === undefined ? internals.filter((name) => essential.includes(name)) : internals;

/** A name that serverchart once used, and that XState shows in its types. */
const unneeded = '_parent';

describe('What XState does not publish', () => {
  const xstates = new ChangedXStates();
  const results = new Map<string, Promise<Result | undefined>>();
  /** Whether the tests have run. Then the processes that no test has asked for aren't started any more. */
  let isOver = false;

  const runWithout = async (name: string): Promise<Result> => (await run(program, xstates.without(name))) as Result;

  beforeAll(() => {
    // two processes at a time; each runs all uses for one name
    const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
    for (const [index, name] of [...tried, unneeded].entries()) {
      const result = (lanes[index % 2] ?? Promise.resolve()).then(() => (isOver ? undefined : runWithout(name)));
      results.set(name, result);
      lanes[index % 2] = result.catch(() => undefined);
    }
  });

  afterAll(async () => {
    isOver = true;
    await Promise.allSettled(results.values());
    xstates.remove();
  });

  it.each(tried)(
    'is not needed: everything works in an XState without %s',
    async (name) => {
      const result = await results.get(name);
      expect(result?.missing).toContain(name);
      expect(result?.seen).toEqual({ ...expected, ...exceptions[name] });
    },
    60_000,
  );

  it('is not asked for where XState publishes the same: everything works without _parent', async () => {
    expect(await results.get(unneeded)).toEqual({ missing: [], seen: expected });
  }, 60_000);

  it('is all there in the XState that is installed', () => {
    expect(internals.filter((name) => !has[name])).toEqual([]);
  });
});

describe('An XState that is not supported', () => {
  const xstates = new ChangedXStates();

  afterAll(() => {
    xstates.remove();
  });

  it.each(['server', 'server/testing', 'server/inspect'])('is told by its version when %s is loaded', async (entry) => {
    const folder = xstates.ofVersion('6.1.0', 'assign');
    const code = `
      try {
        require('./${entry}/index.ts');
      } catch ({ name, code, message }) {
        console.log(JSON.stringify([name, code, message]));
      }
    `;
    expect(await run(code, folder)).toEqual([
      'ServerchartError',
      'ERR_XSTATE_VERSION',
      'XState has no assign: xstate 6.1.0 is installed, serverchart is for ^5.33.3',
    ]);
  });

  it('is one outside of what package.json says to npm', () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly peerDependencies: Readonly<Record<string, string>>;
    };
    expect(supportedXState).toBe(peerDependencies['xstate']);
  });
});

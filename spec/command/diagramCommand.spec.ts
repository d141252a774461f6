import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionMachine } from '../../machines/connectionMachine';
import { drawChart } from '../../server/diagram/drawChart';
import { toMermaid } from '../../server/diagram/toMermaid';
import { Command, type CommandResult } from '../support/processes/command';
import { installed } from '../support/processes/installation';

const lamp = `
  import { createMachine } from 'xstate';
  export const lamp = createMachine({ id: 'lamp', initial: 'off', states: { off: { on: { press: 'on' } }, on: {} } });
`;

const lampDiagram = 'stateDiagram-v2\n  off\n  on\n  [*] --> off\n  off --> on : press\n';

describe('serverchart diagram', () => {
  const installation = installed();

  const diagram = (args: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
    installation.run(['diagram', ...args], installation.project(files)).ended;

  const complaint = async (args: readonly string[], files?: Readonly<Record<string, string>>): Promise<string> => {
    const { code, stdout, stderr } = await diagram(args, files);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^serverchart: \S[^\n]*\S\n$/),
    });
    return stderr.replace(/^serverchart: /, '').trimEnd();
  };

  it.each(['serverCore', 'singleServer', 'connection', 'tcpClient', 'echo'])('knows %s', async (name) => {
    const { code, stdout, stderr } = await diagram([name]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^stateDiagram-v2\n/);
  });

  it('writes mermaid to stdout unless it is told otherwise', async () => {
    expect((await diagram(['connection'])).stdout).toBe(toMermaid(connectionMachine));
    const svg = await drawChart(connectionMachine, { standalone: true });
    expect((await diagram(['connection', '--format', 'svg'])).stdout).toBe(svg);
  });

  it('writes into a file, in the format that its name says', async () => {
    const cwd = installation.project({});
    const run = async (args: readonly string[]): Promise<void> => {
      const { code, stdout, stderr } = await installation.run(['diagram', 'echo', ...args], cwd).ended;
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    };
    await run(['-o', 'echo.svg']);
    expect(readFileSync(join(cwd, 'echo.svg'), 'utf8')).toMatch(/^<svg /);
    await run(['-o', 'echo.mmd']);
    expect(readFileSync(join(cwd, 'echo.mmd'), 'utf8')).toMatch(/^stateDiagram-v2\n/);
    await run(['-o', 'odd.svg', '--format', 'mermaid']);
    expect(readFileSync(join(cwd, 'odd.svg'), 'utf8')).toMatch(/^stateDiagram-v2\n/);
  });

  it.each([
    ['its default export', 'lamp.ts', `${lamp}\nexport default lamp;\nexport const other = lamp.provide({});`],
    ['its only machine', 'lamp.mjs', `${lamp}\nexport const volts = 230;`],
    ['its only machine, by two names', 'lamp.ts', `${lamp}\nexport { lamp as light };`],
  ])('draws what a file has as %s', async (_, file, text) => {
    expect(await diagram([`./${file}`], { [file]: text })).toMatchObject({ code: 0, stdout: lampDiagram, stderr: '' });
  });

  it.each([
    ['a function that makes one', 'export default () => undefined;', /has no machine: .* is the function /],
    [
      'logic of another kind',
      "import { fromPromise } from 'xstate'; export default fromPromise(async () => 1);",
      /has no machine: .* logic of another kind/,
    ],
    ['several', `${lamp}\nexport const other = lamp.provide({});`, /several machines \((lamp, other|other, lamp)\)/],
    ['nothing', 'export {};', /has no machine: /],
  ])('says so of a module that exports %s', async (_, text, expected) => {
    expect(await complaint(['./chart.mjs'], { 'chart.mjs': text })).toMatch(expected);
  });

  it('says in one line what else it cannot do', async () => {
    expect(await complaint(['./nowhere.ts'])).toBe(
      "There is no file './nowhere.ts', and no chart of ours has that name: " +
        'those are serverCore, singleServer, connection, tcpClient, echo.',
    );
    expect(await complaint(['echo', '--format', 'png'])).toContain('Allowed choices are mermaid, svg');
    expect(await complaint(['echo', '-o', './no/where.svg'])).toContain('no/where.svg');
    expect(await complaint([])).toContain("missing required argument 'machine'");
  });

  it('says what to install when there is no elkjs, and needs it for SVG alone', async () => {
    const hide = `
      const Module = require('node:module');
      const resolve = Module._resolveFilename;
      Module._resolveFilename = (name, ...rest) => {
        if (name.startsWith('elkjs')) throw Object.assign(new Error('hidden'), { code: 'MODULE_NOT_FOUND' });
        return resolve(name, ...rest);
      };
    `;
    const cwd = installation.project({ 'hide.cjs': hide });
    const cli = join('node_modules', 'serverchart', 'dist', 'server', 'command', 'cli.js');
    const run = (format: string): Promise<CommandResult> =>
      new Command(['--require', './hide.cjs', cli, 'diagram', 'echo', '-f', format], cwd).ended;
    expect(await run('svg')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: "serverchart: Drawing a statechart needs the package 'elkjs': npm install elkjs\n",
    });
    expect(await run('mermaid')).toMatchObject({ code: 0, stderr: '' });
  });

  it('does not mind a reader that has seen enough', async () => {
    const cwd = installation.project({
      'read.cjs': `
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, process.argv.slice(2), { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.destroy();
      child.on('close', (code) => { process.exitCode = code; });
    `,
    });
    const cli = join('node_modules', 'serverchart', 'dist', 'server', 'command', 'cli.js');
    const command = new Command(['read.cjs', cli, 'diagram', 'connection', '-f', 'svg'], cwd);
    expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
  });
});

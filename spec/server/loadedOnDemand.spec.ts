import { describe, expect, it } from '@jest/globals';
import { Command } from '../support/processes/command';
import { installed } from '../support/processes/installation';

/** Code that prints at its exit which modules it has loaded, of those that only some programs need. */
const spy = `
  const others = ['prom-client', 'pino', 'pino-pretty', '@opentelemetry', 'elkjs', 'ws'];
  process.on('exit', () => {
    const files = Object.keys(require.cache).map((file) => file.replaceAll('\\\\', '/'));
    const loaded = others.filter((name) => files.some((file) => file.includes('/node_modules/' + name + '/')));
    if (process.moduleLoadList.includes('NativeModule http')) loaded.push('http');
    console.log('Loaded: ' + loaded.join(' '));
  });
`;

describe('What only some servers need', () => {
  const installation = installed();

  const loadedBy = async (script: string, ...args: readonly string[]): Promise<readonly string[]> => {
    const cwd = installation.project({ 'spy.cjs': spy, 'root.cjs': "require('serverchart');", 'metrics.cjs': metrics });
    const command = new Command(['--require', './spy.cjs', script, ...args], cwd);
    if (args.length > 0) {
      await command.line(/^Stop it|command\.started/);
      command.signal('SIGINT');
    }
    const { stdout, stderr } = await command.ended;
    expect(stderr).toBe('');
    const [, loaded = ''] = /^Loaded: (.*)$/m.exec(stdout) ?? [];
    return loaded.split(' ').filter((name) => name !== '');
  };

  const metrics = "require('serverchart/metrics'); require('serverchart/log');";
  const cli = 'node_modules/serverchart/dist/server/command/cli.js';
  const echo = ['echo', '--port', '0'];

  it.each([
    ['serverchart echo', [cli, ...echo], []],
    ['the package', ['root.cjs'], []],
    ['serverchart/metrics and serverchart/log', ['metrics.cjs'], []],
    // prom-client needs the API of OpenTelemetry itself
    ['--metrics-port', [cli, ...echo, '--metrics-port', '0'], ['prom-client', '@opentelemetry', 'http']],
    ['--log json', [cli, ...echo, '--log', 'json'], ['pino']],
    ['--log pretty', [cli, ...echo, '--log', 'pretty'], ['pino', 'pino-pretty']],
  ])('is loaded by %s as far as it is asked for', async (_, [script = '', ...args], expected) => {
    expect(await loadedBy(script, ...args)).toEqual(expected);
  });

  it('is not loaded by --ready-port beyond http', async () => {
    expect(await loadedBy(cli, ...echo, '--ready-port', '0')).toEqual(['http']);
  });

  describe('where it is not installed', () => {
    /** Makes Node find every package but this one. */
    const without = (name: string): string => `
      const Module = require('node:module');
      const resolve = Module._resolveFilename;
      Module._resolveFilename = (request, ...others) => {
        if (request !== '${name}') return resolve(request, ...others);
        throw Object.assign(new Error("Cannot find module '${name}'"), { code: 'MODULE_NOT_FOUND' });
      };
    `;

    it.each([
      ['prom-client', ['--metrics-port', '0'], 'Measuring for Prometheus'],
      ['pino', ['--log', 'json'], '--log'],
      ['pino', ['--log', 'pretty'], '--log'],
      ['pino-pretty', ['--log', 'pretty'], '--log pretty'],
    ])('the command says how to install %s for %j', async (name, args, feature) => {
      const cwd = installation.project({ 'without.cjs': without(name) });
      const command = new Command(['--require', './without.cjs', cli, ...echo, ...args], cwd);
      expect(await command.ended).toEqual({
        code: 1,
        signal: null,
        stdout: '',
        stderr: `serverchart: ${feature} needs the package '${name}': npm install ${name}\n`,
      });
    });

    it('a program gets a typed error', async () => {
      const program = `
        const { createServerCore, echo, ServerchartError } = require('serverchart');
        const { prometheusMetrics } = require('serverchart/metrics');
        try {
          prometheusMetrics(createServerCore({ protocol: echo }));
        } catch (error) {
          console.log(error instanceof ServerchartError, error.code);
        }
      `;
      const cwd = installation.project({ 'without.cjs': without('prom-client'), 'main.cjs': program });
      const { stdout } = await new Command(['--require', './without.cjs', 'main.cjs'], cwd).ended;
      expect(stdout).toBe('true ERR_MISSING_PEER\n');
    });
  });
});

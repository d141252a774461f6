import { afterEach, describe, expect, it } from '@jest/globals';
import type { Result } from '../../bench/results';
import { Command, endCommands, type CommandResult } from '../support/processes/command';
import { root } from '../support/root';

const bench = (...args: readonly string[]): Promise<CommandResult> =>
  new Command(['-r', 'ts-node/register/transpile-only', 'bench/index.ts', ...args], root).ended;

// a test can't judge the figures: it checks that they are there, and that they agree with each other
describe('npm run bench', () => {
  afterEach(endCommands);

  it('measures servers in turn, and prints JSON on stdout alone', async () => {
    const { code, stdout, stderr } = await bench(
      ...['--quick', '--json', '--only', 'connect-echo-close,fan-out,idle-memory'],
      ...['--servers', 'raw,transition,callback,statechart'],
    );
    expect(stderr).not.toContain('Error');
    expect(code).toBe(0);
    const results = JSON.parse(stdout) as Result[];
    const perScenario = ['raw', 'transition', 'callback', 'statechart'];
    expect(results.map(({ server }) => server)).toEqual([...perScenario, ...perScenario, ...perScenario]);
    for (const { scenario, server, spread, ratio, perSecond } of results) {
      expect(spread.min <= spread.median && spread.median <= spread.max).toBe(true);
      expect(ratio === undefined).toBe(server === 'raw');
      expect(perSecond === undefined).toBe(scenario === 'idle-memory');
      // with so few connections, a garbage collection may free more memory than they take
      expect(scenario === 'idle-memory' || spread.min > 0).toBe(true);
    }
  }, 120_000);

  it('measures the growth over sockets and in memory', async () => {
    const { code, stdout } = await bench(
      ...['--quick', '--only', 'accept-close,accept-close-in-memory', '--servers', 'raw,statechart-after'],
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/raw node:net +10 .*\n.*raw node:net +100 .*\n.*raw node:net +1,000 /);
    expect(stdout).toMatch(/statechart with an after +10 +[\d.]+ .*\n(.*\n){2}.*statechart with an after +10,000 /);
    expect(stdout).toContain('× beside 10');
  }, 120_000);

  it('says which peer is not installed, and how to get it', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = '/nonexistent';
    const { code, stderr, stdout } = await bench(
      ...['--quick', '--only', 'ping-pong-64KiB', '--servers', 'raw,nact,go,erlang'],
    ).finally(() => (process.env['PATH'] = PATH));
    expect(code).toBe(0);
    expect(stderr).toContain("net (Go) is skipped: it isn't installed (apt-get install golang-go)");
    expect(stderr).toContain("gen_tcp (Erlang) is skipped: it isn't installed (apt-get install erlang-base)");
    expect(stdout).toMatch(/raw node:net .*\n.*nact/);
  }, 120_000);

  it.each([
    ['--only', 'ping-pong', 'ping-pong is none of ping-pong-64B, '],
    ['--servers', 'raw,perl', 'perl is none of raw, '],
    ['--rounds', '0', 'It must be a whole number from 1 on.'],
  ])('refuses %s %s before it starts anything', async (flag, value, message) => {
    const { code, stdout, stderr } = await bench(flag, value);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });
});

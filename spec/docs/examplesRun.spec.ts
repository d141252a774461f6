import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { issue } from '../support/tls/certificates';
import { knock } from '../support/fixtures';
import { compiling } from '../support/processes/child';
import { root } from '../support/root';

const { keyFile, certFile } = issue('a.test');

describe('The program', () => {
  it.each<[string, ...string[]]>([
    ...['chat', 'echo', 'embed', 'greeting', 'kamaeliaSingleServer', 'login'].map((name): [string] => [name]),
    ['starttls', keyFile, certFile],
  ])('examples/%s.ts runs by itself, and says where it listens', async (name, ...args) => {
    const program = spawn(process.execPath, [...compiling, `examples/${name}.ts`, '0', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(program, 'exit');
    let said = '';
    try {
      for await (const data of program.stdout) {
        said += String(data);
        if (/port:? \d+/.test(said)) break;
      }
      const port = Number(/port:? (\d+)/.exec(said)?.[1]);
      expect(port).toBeGreaterThan(0);
      expect(await knock(port)).toBe('connected');
    } finally {
      program.kill();
      await exited;
    }
  });

  it('examples/singleServerPipeline.ts runs by itself, to its end', async () => {
    const program = spawn(process.execPath, [...compiling, 'examples/singleServerPipeline.ts', '0'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(program, 'exit');
    let said = '';
    for await (const data of program.stdout) said += String(data);
    expect(said).toBe('Hello World\n'.repeat(12));
    expect(await exited).toEqual([0, null]);
  });
});

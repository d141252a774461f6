import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const project = join(__dirname, '..');
/** Of this process alone, so that two benchmarks don't meet; among the modules, so that what is in it finds them. */
const folder = join(project, 'node_modules', '.cache', `serverchart-bench-${String(process.pid)}`);

/**
 * Compiles what the processes under test run. With ts-node in it, a process has TypeScript's 50 MB on its heap, and Node's
 * `domain` module in the way of every event of every socket. What is compiled goes with this process.
 */
export async function compile(): Promise<void> {
  const flags = ['--noEmit', 'false', '--noCheck', '--declaration', 'false', '--outDir', folder];
  const compiler = promisify(execFile)(process.execPath, [
    require.resolve('typescript/bin/tsc'),
    ...['-p', project, ...flags],
  ]);
  process.on('exit', () => {
    compiler.child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  await compiler;
  // the inspector serves what is in it; nobody opens its pages here
  await mkdir(join(folder, 'server', 'inspect', 'page'), { recursive: true });
}

/** Where a module of the benchmark is once it is compiled: `compiled('server/main')`. */
export const compiled = (module: string): string => join(folder, 'bench', `${module}.js`);

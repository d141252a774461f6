import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const project = join(__dirname, '..');
/**
 * The compiled modules. The folder belongs to this process alone, so that two benchmarks don't disturb each other. It
 * is in `node_modules`, so that the compiled modules find the packages.
 */
const folder = join(project, 'node_modules', '.cache', `serverchart-bench-${String(process.pid)}`);

/**
 * Compiles what the processes under test run. ts-node would cost each process 50 MB of heap for TypeScript, and would
 * load Node's module `domain`, which slows down every event of every socket. This process removes the files at its end.
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
  // the inspector serves the files of this folder, and needs none of them here
  await mkdir(join(folder, 'server', 'inspect', 'page'), { recursive: true });
}

/** The path of a compiled module of the benchmark: `compiled('server/main')`. */
export const compiled = (module: string): string => join(folder, 'bench', `${module}.js`);

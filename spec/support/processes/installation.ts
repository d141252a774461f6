import { afterAll, afterEach, beforeAll } from '@jest/globals';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command, endCommands } from './command';
import { compiledPackage } from './compiledPackage';
import { root } from '../root';

/**
 * The package as npm lays it out, in a temp folder: package.json beside a dist that is compiled with the build's own
 * options. The command runs there as it does for a user, and starts five times as fast as with ts-node.
 */
class Installation {
  #folder = '';
  #projects = 0;

  install(): void {
    this.#folder = realpathSync(mkdtempSync(join(tmpdir(), 'serverchart-spec-')));
    // a copy, for a spec may take a part of it away
    cpSync(compiledPackage(), join(this.#folder, 'dist'), { recursive: true });
    copyFileSync(join(root, 'package.json'), join(this.#folder, 'package.json'));
    this.#link(join(root, 'node_modules'), 'node_modules');
  }

  /** Makes a user's project that can import `serverchart` and `xstate`. Returns the project's folder. */
  project(files: Readonly<Record<string, string>>): string {
    this.#projects += 1;
    const project = join('projects', String(this.#projects));
    for (const [name, text] of Object.entries(files)) this.#write(join(project, name), text);
    this.#link(this.#folder, join(project, 'node_modules/serverchart'));
    this.#link(join(root, 'node_modules/xstate'), join(project, 'node_modules/xstate'));
    return join(this.#folder, project);
  }

  /** Runs `serverchart` with these arguments in a folder. */
  run(args: readonly string[], cwd = this.#folder): Command {
    return new Command([join(this.#folder, 'dist/server/command/cli.js'), ...args], cwd);
  }

  /** Takes a part of the package away. Returns a function that puts it back. */
  take(name: string): () => void {
    const [there, away] = [join(this.#folder, name), join(this.#folder, 'taken')];
    renameSync(there, away);
    return () => {
      renameSync(away, there);
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(name: string, text: string): void {
    const path = join(this.#folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  #link(target: string, name: string): void {
    const path = join(this.#folder, name);
    mkdirSync(dirname(path), { recursive: true });
    // a junction needs no privilege on Windows
    symlinkSync(target, path, 'junction');
  }
}

/** Installs the package before a file's specs, and removes it after them. Commands that still run are killed. */
export function installed(): Pick<Installation, 'project' | 'run' | 'take'> {
  const installation = new Installation();
  beforeAll(() => {
    installation.install();
  }, 60_000);
  afterEach(endCommands);
  afterAll(() => {
    installation.remove();
  });
  return installation;
}

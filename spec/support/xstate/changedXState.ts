import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const installed = dirname(require.resolve('xstate/package.json'));

/** Whether a program loads a file of the package: the production build for `require`, and the folders around it. */
const isLoaded = (path: string): boolean =>
  !/\.(ts|mts|mjs|map|md)$|\.esm\.js$|\.development\.|\.umd\.|declarations/.test(path);

/** Changes to the package's text, for the names for which a plain renaming would not do. */
const changes: Readonly<Record<string, (text: string) => string>> = {
  'the keys of a snapshot': (text) => text.replace('status: config.status,', 'added: true, status: config.status,'),
  // the `check` that enqueueActions gives to its function is published, and keeps its name
  check: (text) => text.replace(/(?<=\.)check\b|'check'/g, (found) => found.replace('check', 'checkRenamed')),
};

const rename = (name: string) => (text: string) =>
  text.replace(new RegExp(`(?<!Promise\\.)\\b${name}\\b`, 'g'), `${name}Renamed`);

/** Copies of the installed XState package, each with one change. `remove` removes their folder. */
export class ChangedXStates {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), 'serverchart-xstate-')));
  #copies = 0;

  /**
   * Makes a copy in which one name of XState's is another.
   * @returns the folder, for the environment variable SERVERCHART_XSTATE
   */
  without(name: string): string {
    return this.#copy(name, changes[name] ?? rename(name));
  }

  /** Makes a copy that claims another version, and doesn't export one function. */
  ofVersion(version: string, unexported: string): string {
    const folder = this.#copy(unexported, (text) => text.replaceAll(`exports.${unexported} = `, 'void '));
    const file = join(folder, 'node_modules/xstate/package.json');
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), version }));
    return folder;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #copy(name: string, change: (text: string) => string): string {
    this.#copies += 1;
    const folder = join(this.#folder, String(this.#copies));
    const copy = join(folder, 'node_modules/xstate');
    mkdirSync(copy, { recursive: true });
    cpSync(installed, copy, { recursive: true, filter: isLoaded });
    let changed = 0;
    for (const file of readdirSync(join(copy, 'dist'))) {
      const path = join(copy, 'dist', file);
      const text = readFileSync(path, 'utf8');
      if (change(text) === text) continue;
      writeFileSync(path, change(text));
      changed += 1;
    }
    if (changed === 0) throw new Error(`Nothing of XState is called ${name}`);
    return folder;
  }
}

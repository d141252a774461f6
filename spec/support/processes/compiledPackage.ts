import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { root } from '../root';

/** Milliseconds after which no run can still use the folder of other sources. */
const longestUse = 3_600_000;

/** A file of the package: its place in `dist`, its source, and the function that compiles the source. */
interface PackageFile {
  readonly name: string;
  readonly source: string;
  readonly compile: ((source: string) => string) | undefined;
}

/**
 * Returns the folder with the files of `npm run build` that programs run. They are compiled once for all spec files.
 * The folder stays in the temp folder until the sources change: its name has the hash of the sources.
 */
export function compiledPackage(): string {
  const parts = [...libraryParts(), ...pageParts()];
  const hash = createHash('sha256').update(ts.version);
  for (const { name, source } of parts) hash.update(name).update('\0').update(source).update('\0');
  const folder = join(tmpdir(), `serverchart-compiled-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  removeOthers(folder);
  const unfinished = mkdtempSync(`${folder}-`);
  for (const { name, source, compile } of parts) {
    const path = join(unfinished, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, compile === undefined ? source : compile(source));
  }
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    // another worker was faster
    rmSync(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** The files that are compiled with the build's own options. */
function libraryParts(): PackageFile[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.build.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return fileNames.map((fileName) => ({
    name: relative(root, fileName).replace(/\.ts$/, '.js'),
    source: readFileSync(fileName, 'utf8'),
    compile: (source) => ts.transpileModule(source, { compilerOptions: options, fileName }).outputText,
  }));
}

/** The inspector's pages, which are made for browsers. */
function pageParts(): PackageFile[] {
  const page = 'server/inspect/page';
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  return readdirSync(join(root, page))
    .filter((name) => /\.(html|css|ts)$/.test(name))
    .map((name) => ({
      name: join(page, name.replace(/\.ts$/, '.js')),
      source: readFileSync(join(root, page, name), 'utf8'),
      compile: name.endsWith('.ts')
        ? (source) => ts.transpileModule(source, { compilerOptions }).outputText
        : undefined,
    }));
}

/** Removes the folders that were made from sources that have changed since. */
function removeOthers(folder: string): void {
  const until = Date.now() - longestUse;
  for (const name of readdirSync(tmpdir())) {
    const other = join(tmpdir(), name);
    if (!name.startsWith('serverchart-compiled-') || other === folder) continue;
    // another run may remove the same folder at the same time
    const made = statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (made < until) rmSync(other, { recursive: true, force: true });
  }
}

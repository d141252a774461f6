import { createRequire } from 'node:module';
import { extname, parse, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as TsNode from 'ts-node';

const typescriptFiles: ReadonlySet<string> = new Set(['.ts', '.cts', '.mts']);

interface Compiler {
  readonly path: string;
  readonly major: number;
}

/** Resolves a module from this package first, then from the user's project. */
function resolveFrom(name: string, file: string): string | undefined {
  for (const base of [__filename, file]) {
    try {
      return createRequire(base).resolve(name);
    } catch {
      // not installed there
    }
  }
  return undefined;
}

/** Finds a TypeScript that ts-node can drive. That is never 7.x, which has no in-process API. */
function findCompiler(file: string): Compiler | undefined {
  const path = resolveFrom('typescript', file);
  if (path === undefined) return undefined;
  const { version } = createRequire(__filename)(path) as { version: string };
  const major = Number.parseInt(version, 10);
  return major < 7 ? { path, major } : undefined;
}

let registered = false;

function registerTsNode(file: string): boolean {
  if (registered) return true;
  const compiler = findCompiler(file);
  const tsNode = resolveFrom('ts-node', file);
  if (compiler === undefined || tsNode === undefined) return false;
  const { root } = parse(file);
  const options: TsNode.RegisterOptions = {
    compiler: compiler.path,
    transpileOnly: true,
    skipProject: true,
    // `./helper.js` may mean helper.ts
    experimentalResolver: true,
    // an absolute pattern: a relative one covers the current folder only
    moduleTypes: { [`${root}**`]: 'cjs' },
    compilerOptions: {
      module: 'commonjs',
      // ts-node would say node10, which TypeScript 6 rejects; TypeScript 5 has no bundler with commonjs
      moduleResolution: compiler.major >= 6 ? 'bundler' : 'node10',
      target: 'es2022',
      esModuleInterop: true,
      rootDir: root,
    },
  };
  // ts-node's resolver uses a constructor that Node 22 warns of (DEP0180); the user can do nothing about that warning
  const { noDeprecation = false } = process;
  process.noDeprecation = true;
  const service = (createRequire(__filename)(tsNode) as typeof TsNode).register(options);
  process.noDeprecation = noDeprecation;
  const compile = service.compile.bind(service);
  // TypeScript makes ESM of an .mts file, whatever `module` says; Node would then import the helpers of that file
  // itself, and can't
  service.compile = (code, fileName, line) => compile(code, fileName.replace(/\.mts$/, '.ts'), line);
  registered = true;
  return true;
}

/**
 * Loads a user's module, written in TypeScript or JavaScript, CommonJS or ESM. Returns its default export, or an
 * object of all its exports when it has no default.
 *
 * TypeScript goes through ts-node where that is installed, else through Node itself, which strips types from 22.18 on.
 */
export async function loadModule(file: string): Promise<unknown> {
  const path = resolve(file);
  const loaded: unknown =
    typescriptFiles.has(extname(path)) && registerTsNode(path)
      ? createRequire(__filename)(path)
      : await import(pathToFileURL(path).href);
  let value = loaded;
  // twice: a CommonJS module seen through import() wraps its own default export
  for (let depth = 0; depth < 2; depth += 1) {
    if (typeof value === 'object' && value !== null && 'default' in value) value = value.default;
  }
  return value;
}

import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { AnyActorLogic } from 'xstate';
import * as serverchart from '../../server/index';
import * as inspect from '../../server/inspect/index';
import * as log from '../../server/log/index';
import * as metrics from '../../server/metrics/index';
import * as testing from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { Client } from '../support/client';
import { root } from '../support/root';

/** Which pages have programs, and how many. */
const pages = {
  'README.md': 9,
  'SECURITY.md': 1,
  'docs/inspecting.md': 2,
  'docs/operating.md': 2,
  'docs/testing.md': 8,
} as const;
const blocksOf = (page: string): string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
const blocks = Object.keys(pages).flatMap(blocksOf);

/** A block as a module: its imports, and a function that runs the rest and returns what it exports. */
function asModule(code: string): string {
  const lines = code.split('\n');
  const imports = lines.filter((line) => line.startsWith('import '));
  const rest = lines.filter((line) => !line.startsWith('import ')).join('\n');
  const exported = [...rest.matchAll(/^export const (\w+)/gm)].map(([, name]) => name);
  const body = rest.replace(/^export /gm, '');
  return `${imports.join('\n')}\nexport async function block() {\n${body}\nreturn { ${exported.join(', ')} };\n}\n`;
}

/** What TypeScript says of all the blocks, read as files beside the sources. */
function diagnose(): readonly string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = new Map(
    blocks.map((code, index) => [join(root, 'spec', `readme.${String(index)}.ts`), asModule(code)] as const),
  );
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (path) =>
    files
      .get(path)
      ?.replace(/'serverchart(\/inspect|\/log|\/metrics|\/testing)?'/g, "'../server$1/index'")
      .replace("'serverchart/testing/jest-globals'", "'../server/testing/matchers/jestGlobals'") ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.getSourceFile = (path, languageVersion) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, languageVersion, true);
  };
  const program = ts.createProgram([...files.keys()], { ...options, noUnusedLocals: false }, host);
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => files.has(file?.fileName ?? ''))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

async function run(code: string): Promise<Record<string, unknown>> {
  const { outputText } = ts.transpileModule(asModule(code), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const tests: (() => Promise<void>)[] = [];
  const test = (_: string, body: () => Promise<void>): unknown => tests.push(body);
  const ours: Record<string, unknown> = {
    serverchart,
    'serverchart/inspect': inspect,
    'serverchart/log': log,
    'serverchart/metrics': metrics,
    'serverchart/testing': testing,
    'serverchart/testing/jest-globals': {},
    '@jest/globals': { expect, test },
    'node:test': { test },
  };
  const load = (name: string): unknown => ours[name] ?? jest.requireActual(name);
  const exports: { block?: () => Promise<Record<string, unknown>> } = {};
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  (new Function('require', 'exports', outputText) as (require: unknown, exports: unknown) => void)(load, exports);
  const exported = (await exports.block?.()) ?? {};
  for (const body of tests) await body();
  return exported;
}

async function converse(protocol: unknown, talk: (client: Client) => Promise<void>): Promise<void> {
  await using server = serverchart.createServerCore({ protocol: protocol as AnyActorLogic, port: 0 });
  const client = await Client.connect((await server.start()).port);
  await talk(client);
  await client.destroy();
}

describe('The documentation', () => {
  const exported: Record<string, unknown> = {};

  beforeAll(async () => {
    jest.spyOn(console, 'log').mockImplementation(() => undefined);
    jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
    for (const code of blocks) Object.assign(exported, await run(code));
    jest.restoreAllMocks();
  });

  it('has blocks of TypeScript that compile as they stand', () => {
    expect(Object.fromEntries(Object.keys(pages).map((page) => [page, blocksOf(page).length]))).toEqual(pages);
    expect(diagnose()).toEqual([]);
    // TypeScript starts from nothing: 4 s here, and several times that on a loaded machine
  }, 120_000);

  it('has an echo that echoes', async () => {
    await converse(exported['echo'], async (client) => {
      await client.send('hello');
      expect(await client.receiveText(5)).toBe('hello');
    });
  });

  it('has an order that keeps what arrives while it prepares', async () => {
    await converse(exported['order'], async (client) => {
      expect(await client.receiveText('What would you like? ')).toBe('What would you like? ');
      await client.send('tea');
      expect(await client.receiveText('One moment.\n')).toBe('One moment.\n');
      await client.send('and cake');
      const rest = 'What would you like? One moment.\nWhat would you like? ';
      expect(await client.receiveText(rest)).toBe(rest);
    });
  });
});

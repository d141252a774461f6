/**
 * Packs this package and uses it as its consumers do: from CommonJS, from ESM, from TypeScript with jest, and as a
 * command. Prints one line a check, and fails when one fails.
 */
import console from 'node:console';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { URL, fileURLToPath } from 'node:url';
import * as programs from './programs.mjs';
import { attempt, node, run, talkTo, write } from './run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const installing = 5 * 60_000;
const tally = { passed: 0, failed: 0 };

async function check(title, act) {
  try {
    await act();
    tally.passed += 1;
    console.log(`ok      ${title}`);
  } catch (error) {
    tally.failed += 1;
    console.log(`FAILED  ${title}\n        ${error.message.trim().replaceAll('\n', '\n        ')}`);
  }
}

/** Makes an empty project with the packed package, some of our own dependencies in our versions, and other packages. */
async function project(folder, tarball, type, names, others = {}) {
  const ours = Object.fromEntries(names.map((name) => [name, manifest.devDependencies[name]]));
  await write(folder, {
    'package.json': JSON.stringify({
      name: 'consumer',
      private: true,
      type,
      dependencies: { serverchart: `file:${tarball}`, ...ours, ...others },
      overrides: manifest.overrides,
      allowScripts: manifest.allowScripts,
    }),
  });
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], folder, installing);
}

function isFound(name, folder) {
  try {
    return createRequire(join(folder, 'main.js')).resolve(name) !== '';
  } catch {
    return false;
  }
}

const serverchart = (folder) => join(folder, 'node_modules/.bin/serverchart');

async function checkCommonjs(folder, tarball) {
  // npm installs xstate by itself, since it is a peer dependency that isn't optional
  await check('CommonJS: installs', () => project(folder, tarball, 'commonjs', []));
  await write(folder, {
    'main.js': programs.commonjs,
    'inspected.js': programs.inspected,
    'operated.js': programs.operated,
    'protocol.ts': programs.protocol,
  });
  await check('CommonJS: serves, and import() gives what require() gives', () => node(['main.js'], folder));
  await check('CommonJS: a server can be inspected', () => node(['inspected.js'], folder));
  await check('CommonJS: a server can be logged, and says what it takes to measure it', () =>
    node(['operated.js'], folder),
  );
  await check('CommonJS: the command serves', () => talkTo(serverchart(folder), ['echo', '--port', '0'], folder));
  await check('CommonJS: the command tells the version', async () => {
    const version = await run(serverchart(folder), ['--version'], folder);
    if (version.trim() !== manifest.version) throw new Error(`it told ${version}`);
  });
  await check('CommonJS: the command serves TypeScript without ts-node, or says what is missing', async () => {
    const args = ['serve', './protocol.ts', '--port', '0'];
    if (process.features.typescript || isFound('ts-node', folder)) return talkTo(serverchart(folder), args, folder);
    const { code, stderr } = await attempt(serverchart(folder), args, folder);
    const isClear = /^serverchart: .*npm install --save-dev ts-node typescript.*\n$/.test(stderr);
    if (code !== 1 || !isClear) throw new Error(`it ended with ${code}\n${stderr}`);
  });
}

/** The oldest version that runs on all our versions of Node. */
const vitest = '3.2.7';

async function checkTestRunners(folder, tarball) {
  await check('Tests: installs', () => project(folder, tarball, 'commonjs', ['xstate', '@types/node'], { vitest }));
  await write(folder, {
    'nodeTest.cjs': programs.nodeTestScenario,
    'vitest.spec.ts': programs.vitestScenario,
  });
  await check('Tests: scenarios in node:test', () => node(['--test', 'nodeTest.cjs'], folder));
  await check('Tests: scenarios in vitest', () => node(['node_modules/vitest/vitest.mjs', 'run'], folder));
}

async function checkEsm(folder, tarball) {
  await check('ESM: installs', () => project(folder, tarball, 'module', ['xstate']));
  await write(folder, { 'main.js': programs.esm, 'protocol.js': programs.protocol });
  await check('ESM: serves, and require() gives what import gives', () => node(['main.js'], folder));
  await check('ESM: the command serves a protocol', () =>
    talkTo(serverchart(folder), ['serve', './protocol.js', '--port', '0'], folder),
  );
}

/** Checks the package together with its optional peers for logs and metrics. */
async function checkOperated(folder, tarball) {
  const tools = ['@types/node', 'pino', 'prom-client', 'typescript', 'xstate'];
  await check('Operated: installs', () => project(folder, tarball, 'module', tools));
  await write(folder, { 'measured.mts': programs.measured, 'measured.cts': programs.measured });
  for (const kind of ['m', 'c']) {
    await check(`Operated: measured.${kind}ts compiles and runs`, async () => {
      const how = '--strict --target es2023 --lib es2023,esnext.disposable --module nodenext --types node';
      const args = [...how.split(' '), '--skipLibCheck', `measured.${kind}ts`];
      await node(['node_modules/typescript/bin/tsc', ...args], folder);
      await node([`measured.${kind}js`], folder);
    });
  }
}

async function checkTypescript(folder, tarball) {
  const tools = ['@jest/globals', '@swc/core', '@swc/jest', '@types/node', 'jest', 'ts-node', 'typescript'];
  const others = { '@types/jest': '30.0.0' };
  await check('TypeScript: installs', () => project(folder, tarball, 'commonjs', [...tools, 'xstate'], others));
  await write(folder, {
    'jest.config.js': `module.exports = {
      transform: { '^.+\\\\.ts$': '@swc/jest' },
      setupFilesAfterEnv: ['serverchart/testing/jest'],
    };`,
    'server.test.ts': programs.jestSpec,
    'scenario.test.ts': programs.jestScenario,
    'globals.test.ts': programs.jestGlobalScenario,
    'protocol.ts': programs.protocol,
    'commonjs/typed.cts': programs.typed,
    'esm/typed.mts': programs.typed,
    'bundled/typed.ts': programs.typed,
    'commonjs/operated.cts': programs.operatedTypes,
    'esm/operated.mts': programs.operatedTypes,
    'bundled/operated.ts': programs.operatedTypes,
  });
  await check('TypeScript: serves in jest', () => node(['node_modules/jest/bin/jest.js'], folder));
  await check('TypeScript: the command serves a protocol', () =>
    talkTo(serverchart(folder), ['serve', './protocol.ts', '--port', '0'], folder),
  );
  await check('TypeScript: the matchers are typed, for each way to write a jest test', () => {
    const how = '--noEmit --strict --skipLibCheck --target es2023 --lib es2023,esnext.disposable --module nodenext';
    const files = ['scenario.test.ts', 'globals.test.ts', '--types', 'node,jest'];
    return node(['node_modules/typescript/bin/tsc', ...how.split(' '), ...files], folder);
  });
  // without skipLibCheck, which would turn the gaps of our declarations into `any`
  const options = ['--noEmit', '--strict', '--declaration', '--target', 'es2023', '--types', 'node'];
  for (const [file, module, resolution] of [
    ['commonjs/typed.cts', 'node16', 'node16'],
    ['esm/typed.mts', 'node16', 'node16'],
    ['commonjs/typed.cts', 'nodenext', 'nodenext'],
    ['esm/typed.mts', 'nodenext', 'nodenext'],
    ['bundled/typed.ts', 'esnext', 'bundler'],
    ['commonjs/operated.cts', 'nodenext', 'nodenext'],
    ['esm/operated.mts', 'nodenext', 'nodenext'],
    ['bundled/operated.ts', 'esnext', 'bundler'],
    ['bundled/operated.ts', 'commonjs', 'node10'],
  ]) {
    await check(`TypeScript: ${file} compiles with moduleResolution ${resolution}`, () => {
      const args = ['--module', module, '--moduleResolution', resolution, '--lib', 'es2023,esnext.disposable'];
      // TypeScript 6 has node10 only with this option
      if (resolution === 'node10') args.push('--ignoreDeprecations', '6.0');
      return node(['node_modules/typescript/bin/tsc', ...options, ...args, file], folder);
    });
  }
}

const temp = await realpath(await mkdtemp(join(tmpdir(), 'serverchart-consumer-')));
if (isFound('xstate', temp)) {
  console.log(`note    a node_modules folder above ${temp} may stand in for what the package forgets to install`);
}
try {
  const tarball = join(temp, `${manifest.name}-${manifest.version}.tgz`);
  await check('packs', async () => {
    await run('npm', ['pack', '--pack-destination', temp, '--loglevel=error'], root, installing);
  });
  if (existsSync(tarball)) {
    for (const [name, act] of Object.entries({
      checkCommonjs,
      checkEsm,
      checkTestRunners,
      checkOperated,
      checkTypescript,
    })) {
      const folder = join(temp, name);
      await mkdir(folder);
      await act(folder, tarball);
    }
  }
} finally {
  await rm(temp, { recursive: true, force: true });
}
console.log(`${tally.passed} checks passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;

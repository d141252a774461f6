#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { echo } from '../actors/echo';
import { describe } from '../machines/errors';
import { isActorLogic } from '../machines/logic';
import type { Protocol } from '../machines/options';
import { loadModule } from './load';
import { run, type RunOptions } from './run';

/** An error whose message is all that the user needs. */
class UsageError extends Error {}

/** The command says what is wrong in one line. */
const oneLine = (text: string): string =>
  (text.split('Require stack:')[0] ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');

function toPort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
}

/** Why a module couldn't be loaded, whatever it threw. */
function whyNotLoaded(file: string, error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION') {
    const said = error instanceof Error && error.message !== '' ? error.message : `it threw ${describe(error)}`;
    return `'${file}' can't be loaded: ${oneLine(typeof error === 'string' ? error : said)}`;
  }
  if (!/\.[cm]?ts$/.test(file)) return `'${file}' is neither TypeScript nor JavaScript.`;
  const advice = 'install ts-node and typescript (npm install --save-dev ts-node typescript@6), or use Node 22.18';
  return `Node ${process.versions.node} can't load '${file}' by itself: ${advice}.`;
}

async function loadProtocol(file: string): Promise<Protocol> {
  if (!existsSync(file)) throw new UsageError(`There is no file '${file}'.`);
  if (!statSync(file).isFile()) throw new UsageError(`'${file}' is not a file.`);
  const neverLoaded = (): void => {
    console.error(`serverchart: '${file}' never finishes loading: it awaits what doesn't come.`);
    process.exit(1);
  };
  process.once('beforeExit', neverLoaded);
  let value: unknown;
  try {
    value = await loadModule(file);
  } catch (error) {
    throw new UsageError(whyNotLoaded(file, error));
  } finally {
    process.off('beforeExit', neverLoaded);
  }
  if (isActorLogic(value) || typeof value === 'function') return value as Protocol;
  throw new UsageError(
    `'${file}' has no protocol: its default export must be actor logic (a machine, fromCallback, …) or a function ` +
      `that returns it, but is ${describe(value)}.`,
  );
}

const packageJson = join(__dirname, __filename.endsWith('.ts') ? '..' : '../..', 'package.json');
const { version } = JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string };

const program = new Command('serverchart')
  .description('An actor-model connection server: the server is a statechart, each connection is an actor.')
  .version(version)
  .configureOutput({
    outputError: (text, write) => {
      write(`serverchart: ${oneLine(text.replace(/^error: /, ''))}\n`);
    },
  });

function addServerOptions(command: Command): Command {
  return command
    .option('-p, --port <port>', 'the TCP port; 0 takes any free one', toPort, 1601)
    .option('-H, --host <address>', "the address to listen on; '0.0.0.0' is every address of this machine", '127.0.0.1')
    .option('-1, --single', 'serve one client at a time (SingleServer) instead of many (ServerCore)', false);
}

addServerOptions(program.command('echo').description('Send back whatever comes.')).action((options: RunOptions) =>
  run('echo', echo, options),
);

addServerOptions(
  program
    .command('serve')
    .description('Serve a protocol of yours.')
    .argument(
      '<module>',
      'TypeScript or JavaScript whose default export is actor logic, or a function that returns it',
    ),
).action(async (file: string, options: RunOptions) => run(file, await loadProtocol(file), options));

program.addHelpText(
  'afterAll',
  `
Examples:
  serverchart echo                            ServerCore with echo on port 1601; talk to it with: nc 127.0.0.1 1601
  serverchart echo --single --port 2000       one client at a time
  serverchart serve ./protocol.ts --port 0    your own protocol, on any free port
  serverchart serve ./protocol.js --host 0.0.0.0

A protocol in a dozen lines (protocol.ts):
  import { setupProtocol } from 'serverchart';
  export default setupProtocol().createMachine({
    entry: { type: 'reply', params: { data: 'Say something.\\n' } },
    on: {
      inbox: { actions: 'reply' },
      'control.serverShutdown': { actions: 'finish' },
    },
  });
`,
);

program.parseAsync().catch((error: unknown) => {
  const isExpected = error instanceof UsageError || (error instanceof Error && 'code' in error);
  console.error(
    `serverchart: ${isExpected ? error.message : error instanceof Error ? String(error.stack) : String(error)}`,
  );
  process.exit(1);
});

#!/usr/bin/env node
import { Command, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { echo } from '../../actors/handler/echo';
import { describe } from '../../machines/vocabulary/errors';
import { isActorLogic } from '../../machines/vocabulary/logic';
import type { Protocol } from '../../machines/options/options';
import type { diagram as Diagram, DiagramOptions } from './diagramCommand';
import { run } from './run';
import { addServerFlags, type ServerFlags } from './serverFlags';
import { loadUserModule, oneLine, UsageError } from './userModule';

async function loadProtocol(file: string): Promise<Protocol> {
  const value = await loadUserModule(file);
  if (isActorLogic(value) || typeof value === 'function') return value as Protocol;
  throw new UsageError(
    `'${file}' has no protocol: its default export must be actor logic (a machine, fromCallback, …) or a function ` +
      `that returns it, but is ${describe(value)}.`,
  );
}

const packageJson = join(__dirname, __filename.endsWith('.ts') ? '../..' : '../../..', 'package.json');
const { version } = JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string };

const program = new Command('serverchart')
  .description('An actor-model connection server: the server is a statechart, each connection is an actor.')
  .version(version)
  .configureOutput({
    outputError: (text, write) => {
      write(`serverchart: ${oneLine(text.replace(/^error: /, ''))}\n`);
    },
  });

addServerFlags(program.command('echo').description('Send back whatever comes.')).action((options: ServerFlags) =>
  run('echo', echo, options),
);

addServerFlags(
  program
    .command('serve')
    .description('Serve a protocol of yours.')
    .argument(
      '<module>',
      'TypeScript or JavaScript whose default export is actor logic, or a function that returns it',
    ),
).action(async (file: string, options: ServerFlags) => run(file, await loadProtocol(file), options));

program
  .command('diagram')
  .description('Draw a statechart.')
  .argument(
    '<machine>',
    'TypeScript or JavaScript that exports one, or: serverCore, singleServer, connection, tcpClient, echo',
  )
  .addOption(new Option('-f, --format <format>', "mermaid, or svg, which needs 'elkjs'").choices(['mermaid', 'svg']))
  .option('-o, --output <file>', 'a file to write it to; one that ends in .svg becomes SVG')
  .action(async (name: string, options: DiagramOptions) => {
    // loaded here, because a server doesn't need it
    const { diagram } = createRequire(__filename)('./diagramCommand') as { diagram: typeof Diagram };
    await diagram(name, options);
  });

program.addHelpText(
  'afterAll',
  `
Examples:
  serverchart echo                            ServerCore with echo on port 1601; talk to it with: nc 127.0.0.1 1601
  serverchart echo --single --port 2000       one client at a time
  serverchart serve ./protocol.ts --port 0    your own protocol, on any free port
  serverchart serve ./protocol.js --host 0.0.0.0
  serverchart echo --inspect                  and watch it in a browser, as it runs
  serverchart serve ./protocol.js --tls-cert cert.pem --tls-key key.pem --max-connections 1000
  serverchart diagram ./protocol.ts -o protocol.svg

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

/** In `--inspect ./protocol.ts`, the option has no port, and what follows is the module. */
const args = process.argv.map((arg, at, all) =>
  arg === '--inspect' && !/^\d+$/.test(all[at + 1] ?? '') ? '--inspect=0' : arg,
);

program.parseAsync(args).catch((error: unknown) => {
  const isExpected = error instanceof UsageError || (error instanceof Error && 'code' in error);
  console.error(
    `serverchart: ${isExpected ? error.message : error instanceof Error ? String(error.stack) : String(error)}`,
  );
  process.exit(1);
});

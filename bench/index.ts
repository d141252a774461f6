/**
 * Measures what our server costs in comparison with raw `node:net` and with servers that others would pick: `npm run
 * bench`. The options: `npm run bench -- --help`.
 *
 * The main figure is the CPU time of the server's process for an operation. Neither the clients nor other programs on
 * the machine count. All servers take turns within a run, for several rounds, so that all of them meet the same
 * conditions.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { serversOf, type Bench, type Measurement } from './bench';
import { Clients } from './clients';
import { compile } from './compiled';
import { connectionLimit } from './connectionLimit';
import { measureCpu } from './cpu';
import { measureGrowth } from './growth';
import { measureMemory } from './memory';
import { writePage } from './page';
import { peers, type Peer, type PeerCommand } from './peers';
import { resultsOf, type Result } from './results';
import { kinds, scenarios, type Scenario } from './scenarios';
import { textTable } from './tables';

interface Flags {
  readonly only?: readonly string[];
  readonly servers?: readonly string[];
  readonly rounds?: number;
  readonly quick?: true;
  readonly json?: true;
  readonly write?: true;
}

const oneOf =
  (allowed: readonly string[]) =>
  (value: string): readonly string[] => {
    const names = value.split(',');
    const unknown = names.find((name) => !allowed.includes(name));
    if (unknown !== undefined) throw new InvalidArgumentError(`${unknown} is none of ${allowed.join(', ')}.`);
    return names;
  };

const positive = (value: string): number => {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(value);
};

function measure(scenario: Scenario, bench: Bench): Promise<Measurement[]> {
  switch (scenario.measures) {
    case 'cpu':
      return measureCpu(scenario, bench);
    case 'memory':
      return measureMemory(scenario, bench);
    case 'growth':
      return measureGrowth(scenario, bench);
  }
}

async function preparePeers(
  temp: string,
  chosen: readonly string[] | undefined,
  tell: Bench['tell'],
): Promise<Bench['peers']> {
  const ready = new Map<Peer['name'], PeerCommand>();
  for (const { name, label, install, prepare } of peers) {
    if (chosen?.includes(name) === false) continue;
    const command = await prepare(temp);
    if (command === undefined) tell(`${label} is skipped: it isn't installed (${install})`);
    else ready.set(name, command);
  }
  return ready;
}

async function main({ only, servers, rounds = 7, quick, json, write }: Flags): Promise<void> {
  // the results go to stdout, the progress to stderr
  const tell = (line: string): void => {
    console.error(line);
  };
  // with an exit that runs handlers, the servers and clients end, and the files of this run are removed
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
  const temp = mkdtempSync(join(tmpdir(), 'serverchart-bench-'));
  process.on('exit', () => {
    rmSync(temp, { recursive: true, force: true });
  });
  await compile();
  const chosen = scenarios.filter(({ name }) => only?.includes(name) ?? true);
  const bench: Bench = {
    rounds: quick ? 1 : rounds,
    share: quick ? 0.1 : 1,
    maxConnections: connectionLimit(),
    clients: new Clients(),
    peers: await preparePeers(temp, chosen.some(({ withPeers }) => withPeers) ? servers : [], tell),
    ...(servers && { only: servers }),
    tell,
  };
  const all: Result[] = [];
  for (const scenario of chosen) {
    if (serversOf(scenario, bench).length === 0) {
      tell(`${scenario.name} is skipped: it has none of the servers that were chosen`);
      continue;
    }
    tell(`${scenario.name}: ${scenario.title}`);
    const results = resultsOf(scenario, await measure(scenario, bench));
    all.push(...results);
    if (!json) console.log(`${scenario.name}: ${scenario.title}\n${textTable(results)}\n`);
  }
  if (json) console.log(JSON.stringify(all, undefined, 2));
  if (write) await writePage(all, bench);
  bench.clients.end();
}

const names = scenarios.map(({ name }) => name);
const serverNames = [...kinds, ...peers.map(({ name }) => name)];

new Command('npm run bench --')
  .description('Measures what ServerCore costs beside raw node:net.')
  .option('--only <names>', `scenarios, with commas between them: ${names.join(', ')}`, oneOf(names))
  .option('--servers <names>', `servers, with commas between them: ${serverNames.join(', ')}`, oneOf(serverNames))
  .option('--rounds <count>', 'how often all are measured in turn (7)', positive)
  .option('--quick', 'a tenth of the work, one round: tells whether it runs, not how fast')
  .option('--json', 'print the results as JSON')
  .option('--write', 'write them into docs/performance.md, with a chart')
  .action(main)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });

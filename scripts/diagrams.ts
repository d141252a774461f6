/**
 * Draws our own charts into `docs/`: `npm run diagrams`. With `--check`, the script writes nothing, and fails when the
 * files in `docs/` don't show the charts as they are now.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AnyStateMachine } from 'xstate';
import { connectionMachine } from '../machines/connectionMachine';
import { serverCoreMachine } from '../machines/serverCoreMachine';
import { singleServerMachine } from '../machines/singleServerMachine';
import { tcpClientMachine } from '../machines/tcpClientMachine';
import { drawChart } from '../server/diagram/drawChart';
import { stateEventTable } from './stateEventTables';

interface Chart {
  readonly machine: AnyStateMachine;
  readonly title: string;
  /** One or two sentences above the drawing. */
  readonly caption: string;
}

const charts: readonly Chart[] = [
  {
    machine: serverCoreMachine,
    title: 'ServerCore',
    caption: 'The server: it listens while there are places, and drains before it ends.',
  },
  {
    machine: connectionMachine,
    title: 'A connection',
    caption:
      'One client: from the first byte to the closed descriptor, with back-pressure and half-open ends as states.',
  },
  {
    machine: singleServerMachine,
    title: 'SingleServer',
    caption: 'One client at a time. A drain can begin in any of its states.',
  },
  {
    machine: tcpClientMachine,
    title: 'tcpClient',
    caption: 'A connection that we make ourselves. The chart of a connection runs inside it, while it is `connected`.',
  },
];

const page = [
  '# The charts, drawn',
  '`npm run diagrams` draws them from the machines that run, and `npm run check` fails when they are stale. A state lists ' +
    'what it does on entry, the actors that it runs, and the transitions that stay in it or lead into it; beside a line ' +
    'stand the events that follow it, with their guards. `↻` leaves a state and enters it again; `/ –` takes an event and ' +
    'does nothing, so that no state around takes the event.',
  'Yours are drawn the same way: `serverchart diagram ./protocol.ts -o protocol.svg`.',
  ...charts.flatMap(({ machine, title, caption }) => [
    `## ${title}`,
    caption,
    `![${title}](diagrams/${machine.id}.svg)`,
  ]),
].join('\n\n');

const tables = [
  '# States × events',
  'What each chart does about each event, in each of its states. `npm run diagrams` writes this page from the machines that ' +
    'run. `→ closed` leads there; `stays` does something, and stays; `/` takes the event and does nothing. Where a cell has ' +
    'several lines, the first line whose guard lets the event through counts. In an empty cell nothing happens.',
  'The specs hold the tables of ServerCore, SingleServer and the connection: `spec/charts/chartPaths*.spec.ts` takes every ' +
    'transition with a real server, and `spec/charts/stateEventTable.spec.ts` sends each event where its cell is empty. ' +
    'tcpClient has `spec/connection/tcpClient*.spec.ts`, without a walk through its chart.',
  ...charts.flatMap(({ machine, title }) => [`## ${title}`, stateEventTable(machine)]),
].join('\n\n');

const drawings = new Map<AnyStateMachine, Promise<string>>();

/** A chart's drawing. To draw takes seconds, so that each chart is drawn once. */
function drawingOf(machine: AnyStateMachine): Promise<string> {
  const drawing = drawings.get(machine) ?? drawChart(machine, { standalone: true });
  drawings.set(machine, drawing);
  return drawing;
}

/** The text that each file in `docs/` should have, by the file's path. */
export async function diagramFiles(root: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map([
    [join(root, 'docs/diagrams.md'), `${page}\n`],
    [join(root, 'docs/state-event-tables.md'), `${tables}\n`],
  ]);
  for (const { machine } of charts) {
    files.set(join(root, 'docs/diagrams', `${machine.id}.svg`), await drawingOf(machine));
  }
  return files;
}

/** The paths of the files that are missing, or have another text than they should. */
export async function staleDiagrams(root: string): Promise<string[]> {
  const stale: string[] = [];
  for (const [file, text] of await diagramFiles(root)) {
    const current = await readFile(file, 'utf8').catch(() => undefined);
    if (current !== text) stale.push(file);
  }
  return stale;
}

/** Writes all files. */
export async function writeDiagrams(root: string): Promise<void> {
  for (const [file, text] of await diagramFiles(root)) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

async function main(): Promise<void> {
  const root = join(__dirname, '..');
  if (!process.argv.includes('--check')) return writeDiagrams(root);
  const stale = await staleDiagrams(root);
  if (stale.length === 0) return;
  console.error(`These diagrams are stale: ${stale.join(', ')}. Run: npm run diagrams`);
  process.exitCode = 1;
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}

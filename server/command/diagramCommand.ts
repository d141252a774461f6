import { writeFile } from 'node:fs/promises';
import type { AnyStateMachine } from 'xstate';
import { echo } from '../../actors/handler/echo';
import { connectionMachine } from '../../machines/connectionMachine';
import { describe } from '../../machines/vocabulary/errors';
import { isActorLogic, isMachine } from '../../machines/vocabulary/logic';
import { serverCoreMachine } from '../../machines/serverCoreMachine';
import { singleServerMachine } from '../../machines/singleServerMachine';
import { tcpClientMachine } from '../../machines/tcpClientMachine';
import { drawChart } from '../diagram/drawChart';
import { toMermaid } from '../diagram/toMermaid';
import { loadUserModule, UsageError } from './userModule';

export interface DiagramOptions {
  /** Missing: SVG when `output` ends in `.svg`, else mermaid, which needs nothing installed. */
  readonly format?: 'svg' | 'mermaid';
  /** The file to write. Missing: stdout. */
  readonly output?: string;
}

/** The charts that this package has itself. */
const builtIn: ReadonlyMap<string, AnyStateMachine> = new Map<string, AnyStateMachine>([
  ['serverCore', serverCoreMachine],
  ['singleServer', singleServerMachine],
  ['connection', connectionMachine],
  ['tcpClient', tcpClientMachine],
  ['echo', echo],
]);

async function loadMachine(file: string): Promise<AnyStateMachine> {
  const names = [...builtIn.keys()].join(', ');
  const value = await loadUserModule(file, `, and no chart of ours has that name: those are ${names}`);
  if (isMachine(value)) return value;
  const exported = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const machines = new Map(exported.flatMap(([name, held]) => (isMachine(held) ? [[held, name] as const] : [])));
  const [only] = machines.keys();
  if (only !== undefined && machines.size === 1) return only;
  if (machines.size > 1) {
    const found = [...machines.values()].join(', ');
    throw new UsageError(`'${file}' has several machines (${found}): export the one to draw as default.`);
  }
  const what = isActorLogic(value) ? 'logic of another kind' : describe(value);
  throw new UsageError(`'${file}' has no machine: what it exports is ${what}, not what createMachine returns.`);
}

/** Writes the diagram of a machine, which is one of our own or in a file. */
export async function diagram(name: string, { output, ...options }: DiagramOptions): Promise<void> {
  const machine = builtIn.get(name) ?? (await loadMachine(name));
  const { format = output?.endsWith('.svg') === true ? 'svg' : 'mermaid' } = options;
  const text = format === 'svg' ? await drawChart(machine, { standalone: true }) : toMermaid(machine);
  if (output !== undefined) return writeFile(output, text);
  // whoever reads it may have seen enough, as `head` does
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.stdout.write(text);
}

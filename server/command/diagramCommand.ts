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

/** The options of the command `diagram`. */
export interface DiagramOptions {
  /** Default: `svg` when `output` ends in `.svg`, else `mermaid`, which needs no other package. */
  readonly format?: 'svg' | 'mermaid';
  /** The file to write. Default: stdout. */
  readonly output?: string;
}

/** The charts of this package, by their names. */
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
  const machines = new Map(exported.flatMap(([name, item]) => (isMachine(item) ? [[item, name] as const] : [])));
  const [only] = machines.keys();
  if (only !== undefined && machines.size === 1) return only;
  if (machines.size > 1) {
    const found = [...machines.values()].join(', ');
    throw new UsageError(`'${file}' has several machines (${found}): export the one to draw as default.`);
  }
  const kind = isActorLogic(value) ? 'logic of another kind' : describe(value);
  throw new UsageError(`'${file}' has no machine: what it exports is ${kind}, not what createMachine returns.`);
}

/** Writes the diagram of a machine: one of {@link builtIn} by its name, or the one that a file exports. */
export async function diagram(name: string, { output, ...options }: DiagramOptions): Promise<void> {
  const machine = builtIn.get(name) ?? (await loadMachine(name));
  const { format = output?.endsWith('.svg') === true ? 'svg' : 'mermaid' } = options;
  const text = format === 'svg' ? await drawChart(machine, { standalone: true }) : toMermaid(machine);
  if (output !== undefined) return writeFile(output, text);
  // a reader such as `head` may close stdout early
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.stdout.write(text);
}

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';

/** How a command ended, and everything that it printed. */
export interface CommandResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<Command>();

/** Kills the commands that a failed spec has left running. For afterEach. */
export async function endCommands(): Promise<void> {
  for (const command of running) command.signal('SIGKILL');
  await Promise.all([...running].map(({ ended }) => ended));
}

/** A program in a child process. A spec waits for its output line by line. */
export class Command {
  /** Resolves once the process has ended and all its output has been read. */
  readonly ended: Promise<CommandResult>;
  readonly #child: ChildProcessWithoutNullStreams;
  #stdout = '';
  #stderr = '';
  /** The number of stdout's characters that {@link line} has searched. */
  #read = 0;
  #isOver = false;
  #changed: (() => void) | undefined;

  /** Runs Node with these arguments. */
  constructor(args: readonly string[], cwd: string) {
    const { NODE_OPTIONS, ...env } = process.env;
    this.#child = spawn(process.execPath, args, { cwd, env });
    this.#child.stdin.end();
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#changed?.();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) => {
        this.#isOver = true;
        running.delete(this);
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
        this.#changed?.();
      });
    });
    running.add(this);
  }

  /** Waits for the next line of stdout that matches, and returns its groups. */
  async line(pattern: RegExp): Promise<readonly string[]> {
    for (;;) {
      const end = this.#stdout.indexOf('\n', this.#read);
      if (end === -1) {
        await this.#change(pattern);
        continue;
      }
      const found = pattern.exec(this.#stdout.slice(this.#read, end));
      this.#read = end + 1;
      if (found !== null) return found.slice(1);
    }
  }

  /** Waits until the command's server listens, and returns the port. */
  async port(): Promise<number> {
    const [port] = await this.line(/ listens on \S+ port (\d+)\.$/);
    // the command prints three lines at its start; this is the last one
    await this.line(/^Stop it:/);
    return Number(port);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  #change(pattern: RegExp): Promise<void> {
    if (this.#isOver) {
      throw new Error(`The command ended without a line like ${String(pattern)}:\n${this.#stdout}${this.#stderr}`);
    }
    return new Promise((resolve) => (this.#changed = resolve));
  }
}

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';

/** How a command ended, and all that it said. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<Command>();

/** Ends what a failed spec has left running. For afterEach. */
export async function endCommands(): Promise<void> {
  for (const command of running) command.signal('SIGKILL');
  await Promise.all([...running].map(({ ended }) => ended));
}

/** A program that runs as a child process: what it says is awaited line by line. */
export class Command {
  /** Resolves once the process is gone and has said everything. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessWithoutNullStreams;
  #stdout = '';
  #stderr = '';
  /** How many of stdout's characters {@link line} has been through. */
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

  /** Waits until it listens, and returns the port. */
  async port(): Promise<number> {
    const [port] = await this.line(/ listens on \S+ port (\d+)\.$/);
    // the last of the three lines with which it starts
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

import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { atEnd } from '../fixtures';
import { root } from '../root';

/** Arguments for Node, so that it compiles the modules that a child requires. */
export const compiling: readonly string[] = ['--require', join(__dirname, '../swcHook.cjs')];

/** A program in its own process, which prints lines of JSON. */
export class Child {
  /** Resolves with the exit code, or the signal, and the text on stderr. */
  readonly ended: Promise<{ readonly code: number | string | null; readonly stderr: string }>;
  readonly #process: ChildProcess;
  readonly #lines: unknown[] = [];
  #changed: (() => void) | undefined;

  /**
   * @param program - JavaScript; has the package as `serverchart`, and `say(value)` to print a line
   * @param descriptors - the program inherits them as descriptors 3 and up
   */
  constructor(program: string, descriptors: readonly number[] = []) {
    const library = "const serverchart = require('./server/index.ts');";
    const say = "const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n');";
    this.#process = spawn(process.execPath, [...compiling, '-e', library + say + program], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'pipe', ...descriptors],
    });
    let rest = '';
    let stderr = '';
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.#lines.push(...lines.map((line): unknown => JSON.parse(line)));
      this.#changed?.();
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    this.ended = new Promise((resolve) => {
      this.#process.on('close', (code, signal) => {
        resolve({ code: code ?? signal, stderr });
        this.#changed?.();
      });
    });
    atEnd(async () => {
      this.#process.kill('SIGKILL');
      await this.ended;
    });
  }

  /** Waits for the program's next line, and returns its value. */
  async hear(): Promise<unknown> {
    while (this.#lines.length === 0) {
      if (this.#process.exitCode !== null) throw new Error(`The child said nothing: ${(await this.ended).stderr}`);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
    return this.#lines.shift();
  }

  /** Closes the program's stdin. A program can take that as the sign to end. */
  dismiss(): this {
    this.#process.stdin?.end();
    return this;
  }
}

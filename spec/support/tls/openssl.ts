import { afterEach } from '@jest/globals';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

const running = new Set<ChildProcessWithoutNullStreams>();

afterEach(async () => {
  for (const child of running) {
    child.kill();
    await once(child, 'close');
  }
});

/** The `openssl s_client` command: a TLS client that isn't Node. */
export class OpensslClient {
  /** What it has printed so far: what it received, and what it says of the connection itself unless it is `-quiet`. */
  output = '';
  /** Its exit code, once it has come to its end. */
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcessWithoutNullStreams;

  /** @param args - of the command; its own commands (`Q`, `R`, `k`) work unless they say `-quiet` or `-ign_eof` */
  constructor(port: number, ...args: string[]) {
    const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${String(port)}`, ...args]);
    this.#child = child;
    running.add(child);
    this.exited = once(child, 'close').then(([code]) => {
      running.delete(child);
      return code as number | null;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('latin1').on('data', (text: string) => (this.output += text));
    }
    // it may be gone before it has read all
    child.stdin.on('error', () => undefined);
  }

  /** Waits until it has printed this. */
  async prints(text: string): Promise<void> {
    const { stdout, stderr } = this.#child;
    while (!this.output.includes(text)) {
      if (stdout.closed && stderr.closed) throw new Error(`It ended without '${text}': ${this.output}`);
      await Promise.race([once(stdout, 'data'), once(stderr, 'data'), this.exited]);
    }
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Ends its input: it closes the connection, unless it is `-quiet` or `-ign_eof`. */
  end(): void {
    this.#child.stdin.end();
  }
}

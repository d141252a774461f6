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
  /** The output so far: the bytes received and, without `-quiet`, openssl's own lines about the connection. */
  output = '';
  /** Resolves with the exit code once the process has ended. */
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcessWithoutNullStreams;

  /** @param args - the arguments of `s_client`. With `-quiet` or `-ign_eof`, its commands (`Q`, `R`, `k`) do nothing. */
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
    // the process may end before it has read all input
    child.stdin.on('error', () => undefined);
  }

  /** Waits until the output has this text. */
  async prints(text: string): Promise<void> {
    const { stdout, stderr } = this.#child;
    while (!this.output.includes(text)) {
      if (stdout.closed && stderr.closed) throw new Error(`openssl ended without '${text}': ${this.output}`);
      await Promise.race([once(stdout, 'data'), once(stderr, 'data'), this.exited]);
    }
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Ends the input. Then openssl closes the connection, unless `-quiet` or `-ign_eof` is given. */
  end(): void {
    this.#child.stdin.end();
  }
}

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Holdings, Ports } from './target';

/** The process under attack, from the spec's side. */
export class Victim {
  readonly ports: Ports;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, ports: Ports) {
    this.#process = process;
    this.ports = ports;
  }

  static async start(): Promise<Victim> {
    const execArgv = ['--expose-gc', '--require', join(__dirname, '..', 'support', 'swcHook.cjs')];
    const child = fork(join(__dirname, 'target.ts'), { execArgv, env: { ...process.env, NODE_ENV: 'production' } });
    const [ports] = (await once(child, 'message')) as [Ports];
    return new Victim(child, ports);
  }

  /** The number of its connections now. Unlike {@link look}, this doesn't stop the servers for a garbage collection. */
  async count(): Promise<number> {
    this.#process.send('count');
    const [connections] = (await once(this.#process, 'message')) as [number];
    return connections;
  }

  /** What the process holds now. */
  async look(): Promise<Holdings> {
    this.#process.send('look');
    const [holdings] = (await once(this.#process, 'message')) as [Holdings];
    return holdings;
  }

  /** What the process holds once only `connections` connections are left. */
  async lookAtRest(connections = 0): Promise<Holdings> {
    while ((await this.count()) > connections);
    return this.look();
  }

  /** Drains the servers, which ends the process. Returns the number of connections that each server had to end. */
  async drain(): Promise<readonly { readonly drained: number; readonly durationMs: number }[]> {
    const said = once(this.#process, 'message');
    this.#process.send('drain');
    const [drained] = (await said) as [readonly { readonly drained: number; readonly durationMs: number }[]];
    return drained;
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}

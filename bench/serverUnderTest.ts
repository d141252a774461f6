import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { ask, forkModule, nextMessage } from './child';
import type { PeerCommand } from './peers';
import type { Mode } from './server/listeningServer';
import type { Usage } from './server/main';
import { watchFirst } from './viewer';

/** A server in a process of its own, as the benchmark sees it. */
export interface ServerUnderTest {
  readonly port: number;
  /** What the server has used so far: CPU in µs, resident memory in bytes. */
  usage(): Promise<Pick<Usage, 'cpu' | 'rss'>>;
  /** Makes the server collect its garbage. A peer can't be made to, and goes on. */
  collect(): Promise<void>;
  /** Waits until the server has so many open connections. A peer can't be asked, and gets 200 milliseconds. */
  untilOpen(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts raw `node:net`, or ServerCore with a kind of handler. */
export async function startNode(kind: string, mode: Mode): Promise<ServerUnderTest> {
  const server = forkModule('server/main', [kind, mode]);
  const { port, inspector } = await nextMessage<Usage>(server);
  const viewer = inspector === undefined ? undefined : await watchFirst(inspector);
  return {
    port,
    usage: () => ask<Usage>(server, 'usage'),
    collect: async () => {
      await ask(server, 'collect');
    },
    untilOpen: async (count) => {
      while ((await ask<Usage>(server, 'usage')).open !== count) await setTimeout(5);
    },
    stop: () =>
      stop(server, () => {
        viewer?.terminate();
        server.disconnect();
      }),
  };
}

/** Starts one of the peers. */
export async function startPeer({ file, args, env }: PeerCommand): Promise<ServerUnderTest> {
  const server = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', ...env },
  });
  const lines = createInterface(server.stdout);
  const [port] = (await once(lines, 'line')) as [string];
  const { pid = 0 } = server;
  return {
    port: Number(port),
    usage: async () => ({ cpu: await cpuOf(pid), rss: await rssOf(pid) }),
    collect: () => Promise.resolve(),
    untilOpen: () => setTimeout(200),
    stop: () => stop(server, () => server.stdin.end()),
  };
}

async function stop(server: ChildProcess, disconnect: () => void): Promise<void> {
  const exit = once(server, 'exit');
  disconnect();
  await exit;
}

/** User and system time in µs. proc(5) counts them in hundredths of a second. */
async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  // the second field is a name that may have spaces in it
  const [utime, stime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(utime) + Number(stime)) * 10_000;
}

/** Resident memory in bytes. */
async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real HAProxy in front of a spec's server, in its own process. */
export interface Haproxy {
  /** The ports on which HAProxy listens, in the order of the hosts. */
  readonly ports: readonly number[];
  /** Kills HAProxy. */
  stop(): Promise<void>;
}

const defaults = `
global
  nbthread 1
  stats socket fd@3
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
`;

/**
 * Starts HAProxy and waits until it works.
 *
 * @param config - the `frontend`, `backend` and `listen` sections. The first host has the socket `bind fd@4`, the next
 *   `fd@5`
 * @param hosts - the addresses to listen on; the ports are free ones
 */
export async function startHaproxy(config: string, hosts: readonly string[] = ['127.0.0.1']): Promise<Haproxy> {
  // HAProxy gets sockets that already listen: no port can be lost in between, and an early client is served later
  const listeners = await Promise.all(['127.0.0.1', ...hosts].map(listen));
  const [control = 0, ...ports] = listeners.map((listener) => (listener.address() as AddressInfo).port);
  const folder = await mkdtemp(join(tmpdir(), 'haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, `${defaults}${config}\n`);
  const descriptors = listeners.map((listener) => (listener as unknown as { _handle: { fd: number } })._handle.fd);
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe', ...descriptors] });
  const ended = endOf(child);
  for (const listener of listeners) listener.close();
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
    await rm(folder, { recursive: true });
  };
  try {
    await Promise.race([answers(control), ended.then((said) => Promise.reject(new Error(`HAProxy ended:\n${said}`)))]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ports, stop };
}

async function listen(host: string): Promise<Server> {
  const listener = createServer().listen(0, host);
  await once(listener, 'listening');
  return listener;
}

/** Resolves with HAProxy's output once its process has ended. */
function endOf(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'ENOENT';
      reject(isMissing ? new Error('These specs need HAProxy: apt-get install haproxy', { cause: error }) : error);
    });
    child.on('close', () => {
      resolve(said);
    });
  });
}

/** Resolves once HAProxy's command line answers. If it never answers, the promise of {@link endOf} tells why. */
function answers(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket
      .on('error', () => undefined)
      .on('data', () => {
        socket.destroy();
        resolve();
      });
    socket.write('show version\n');
  });
}

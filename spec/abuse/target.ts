/**
 * The process under attack. It has an echo server on plain TCP, one over TLS and one behind proxies. They have the
 * limits that SECURITY.md recommends, with times short enough for a spec. The process answers `'look'` with its
 * {@link Holdings}, and drains at `'drain'`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descriptorsOpen } from '../../actors/listener/descriptors';
import { createServerCore, echo, type ServerCore, type ServerCoreOptions } from '../../server/index';

/** The ports to attack. */
export interface Ports {
  readonly plain: number;
  readonly tls: number;
  readonly proxied: number;
}

/** What the process holds in memory. */
export interface Holdings {
  /** Bytes in use after a full collection. */
  readonly heap: number;
  readonly rss: number;
  readonly descriptors: number;
  /** The connections of all servers, and the actors in their registries. */
  readonly connections: number;
  readonly timers: number;
  /** The reasons for which connections ended or were turned away. */
  readonly reasons: Readonly<Record<string, number>>;
}

function certificate(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'serverchart-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=abuse.test'];
  execFileSync('openssl', ['req', '-x509', ...made, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  const pem = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return pem;
}

const options: ServerCoreOptions = {
  protocol: echo,
  port: 0,
  // a large queue of connecting clients: these specs are about the server, not about the kernel's queue
  backlog: 4_096,
  openTimeout: 1_000,
  // more time than 10,000 clients need to connect
  idleTimeout: 30_000,
  minReceiveRate: { bytesPerSecond: 50, window: 1_000 },
  writeTimeout: 1_000,
  maxBufferedBytes: 4 * 1024 * 1024,
  lingerTimeout: 500,
  shutdownTimeout: 10_000,
};

const servers: readonly ServerCore[] = [
  createServerCore(options),
  createServerCore({ ...options, tls: certificate() }),
  createServerCore({ ...options, proxyProtocol: { trusted: ['127.0.0.1'], maxHeaderBytes: 536 } }),
];
const reasons: Record<string, number> = {};
for (const server of servers) {
  const count = ({ reason }: { readonly reason: string }): void => {
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  };
  server.on('connection.closed', count);
  server.on('connection.rejected', count);
}

const countOpen = (): number => servers.reduce((sum, { actor }) => sum + actor.getSnapshot().context.open, 0);

function look(): Holdings {
  globalThis.gc?.();
  const { heapUsed: heap, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  return {
    heap,
    rss,
    // only where the system tells
    descriptors: descriptorsOpen() ?? 0,
    connections: countOpen(),
    timers: resources.filter((name) => name === 'Timeout').length,
    reasons,
  };
}

process.on('message', (message) => {
  if (message === 'look') process.send?.(look());
  else if (message === 'count') process.send?.(countOpen());
  else {
    void Promise.all(servers.map((server) => server.shutdown())).then((summaries) => {
      process.send?.(summaries.map(({ drained, durationMs }) => ({ drained: drained.length, durationMs })));
      process.disconnect();
    });
  }
});

void Promise.all(servers.map((server) => server.start())).then(([plain, tls, proxied]) => {
  process.send?.({ plain: plain?.port, tls: tls?.port, proxied: proxied?.port });
});

/**
 * The process of a server under test: `main.ts <raw | kind of handler> <mode>`. It sends its parent its port and its
 * usage once it listens, and again whenever the parent asks.
 */
import { setImmediate } from 'node:timers/promises';
import type { Mode } from './listeningServer';
import { listenOurs } from './ours';
import { listenRaw } from './raw';

/** What the process sends: the server's port, and what it has used. */
export interface Usage {
  readonly port: number;
  /** CPU used so far, user and system, in µs. */
  readonly cpu: number;
  /** Resident memory in bytes. */
  readonly rss: number;
  /** Connections that are open now. */
  readonly open: number;
  /** The address of the server's inspector, if a viewer is to watch. */
  readonly inspector?: string;
}

async function main(kind: string, mode: Mode): Promise<void> {
  const listen = kind === 'raw' ? listenRaw : listenOurs;
  const { port, countOpen, inspector } = await listen(mode, kind);

  const tell = (): void => {
    const { user, system } = process.cpuUsage();
    const used = { cpu: user + system, rss: process.memoryUsage.rss() };
    process.send?.({ port, ...used, open: countOpen(), ...(inspector && { inspector }) } satisfies Usage);
  };

  process.on('message', (message) => {
    if (message !== 'collect') {
      tell();
      return;
    }
    // garbage of an earlier round must not count for the next one; the second collection gets what the first one freed
    globalThis.gc?.();
    void setImmediate().then(() => {
      globalThis.gc?.();
      tell();
    });
  });
  process.on('disconnect', () => process.exit());
  tell();
}

const [kind = 'raw', mode = 'echo'] = process.argv.slice(2);
void main(kind, mode as Mode);

/** The process of a server under test: `main.ts <raw | kind of handler> <mode>`. It tells its port, then its use of resources as often as it is asked. */
import { setImmediate } from 'node:timers/promises';
import type { Mode } from './listening';
import { listenOurs } from './ours';
import { listenRaw } from './raw';

/** What the process tells. */
export interface Usage {
  readonly port: number;
  /** CPU that it has used so far, user and system, in µs. */
  readonly cpu: number;
  /** Resident memory in bytes. */
  readonly rss: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Where somebody is to look at it. */
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
    // what an earlier round has left to collect is not this one's cost; the second time gets what the first one freed
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

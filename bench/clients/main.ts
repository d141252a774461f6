/** The process of the clients. It gets an order, carries it out, and answers when that is done. */
import { fanOut, type FanOutSettings } from './fanOut';
import type { Load } from './load';
import { pingPong, type PingPongSettings } from './pingPong';
import { visits, type VisitsSettings } from './visits';

export type LoadSettings = PingPongSettings | VisitsSettings | FanOutSettings;

/** What the process has to do next. */
export type Order = { readonly type: 'open'; readonly load: LoadSettings } | { readonly type: 'run' | 'close' };

/** The answer to an order. */
export interface Done {
  /** How long the order took, in milliseconds. */
  readonly ms: number;
  /** Why the order could not be carried out. */
  readonly error?: string;
}

function makeLoad(settings: LoadSettings): Load {
  switch (settings.kind) {
    case 'ping-pong':
      return pingPong(settings);
    case 'visits':
      return visits(settings);
    case 'fan-out':
      return fanOut(settings);
  }
}

let load: Load | undefined;

async function obey(order: Order): Promise<Done> {
  const begun = performance.now();
  try {
    if (order.type === 'open') load = makeLoad(order.load);
    await load?.[order.type]();
    return { ms: performance.now() - begun };
  } catch (error) {
    return { ms: performance.now() - begun, error: String(error) };
  }
}

process.on('message', (order: Order) => {
  void obey(order).then((done) => process.send?.(done));
});
process.on('disconnect', () => process.exit());

import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { BulkClient } from './bulkClient';

/**
 * Opens one connection without a server of ours. The spec itself holds the accepted socket, and so can see how many
 * bytes pile up in it.
 */
export async function ownSocket(): Promise<{ readonly client: BulkClient; readonly socket: Socket }> {
  const listener = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const accepted = once(listener, 'connection') as Promise<[Socket]>;
  const client = await BulkClient.connect((listener.address() as AddressInfo).port);
  const [socket] = await accepted;
  listener.close();
  return { client, socket };
}

/** Waits until a value has stayed the same for `turns` turns of the event loop. */
export async function settled(read: () => unknown, turns = 200): Promise<void> {
  let last = read();
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = read();
    if (now !== last) turn = 0;
    last = now;
  }
}

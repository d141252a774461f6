import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { InspectionRecord, ServerMessage, PageMessage } from '../server/inspect/index';

/** Connects a viewer, as a page would. It watches one connection with its handler; after their end, the next one. */
export async function watchFirst(url: string): Promise<WebSocket> {
  const socket = new WebSocket(new URL('live', url));
  const chosen = new Set<number>();
  const watch = (ids: readonly number[]): void => {
    socket.send(JSON.stringify({ type: 'watch', ids, auto: 0 } satisfies PageMessage));
  };
  const see = (record: InspectionRecord): void => {
    if (record.type === 'died') chosen.delete(record.id);
    if (record.type !== 'born' || chosen.size === 2) return;
    const isFirst = chosen.size === 0 && record.name.startsWith('connection:');
    const isItsHandler = record.parent !== undefined && chosen.has(record.parent);
    if (!isFirst && !isItsHandler) return;
    chosen.add(record.id);
    watch([...chosen]);
  };
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as ServerMessage;
    if (message.type === 'batch') message.records.forEach(see);
  });
  await once(socket, 'open');
  return socket;
}

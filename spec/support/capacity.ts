import type { serverCore, ServerEmitted } from '../../server/index';
import type { Scenario } from '../../server/testing/index';
import { Recorder } from './recorder';

/** What a server has emitted about its places so far, as short texts. */
export const capacityTold = ({ emitted }: Scenario<typeof serverCore>): string[] =>
  emitted.flatMap((event) => inWords(event as ServerEmitted));

function inWords(event: ServerEmitted): string[] {
  switch (event.type) {
    case 'server.full':
      return [`${event.reason === 'descriptors' ? 'short of descriptors' : 'full'} with ${String(event.connections)}`];
    case 'server.accepting':
      return [`accepting with ${String(event.connections)}`];
    case 'server.nearCapacity':
      return [`${event.isNear ? 'near' : 'far'} with ${String(event.connections)} of ${String(event.maxConnections)}`];
    default:
      return [];
  }
}

/** Handlers that echo. A handler that gets `!` asks instead that its connection doesn't count. */
export const exemptible = (): Recorder =>
  new Recorder((event, handler) => {
    if (event.type !== 'inbox') return;
    if (event.data.includes('!')) handler.emit({ type: 'serversignal.exempt' });
    else handler.write(event.data);
  });

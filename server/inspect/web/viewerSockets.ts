import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { drawChart } from '../../diagram/drawChart';
import { Charts } from './charts';
import { gate, type Keys } from './gate';
import type { Hub } from '../hub/hub';
import { closeFor, LiveViewer } from './liveViewer';

/** The path of the WebSocket. */
const path = 'live';
/** Viewers that there may be at once. The next one gets a 503. */
const mostViewers = 32;
/** Bytes in a viewer's message. A longer one ends the viewer; the longest that makes sense has some 17,000. */
const longestMessage = 64 * 1024;

/** The reason why all are closed: we go away (RFC 6455, 7.4.1). */
const goingAway = 1001;

/** The WebSockets of an inspector: each becomes a viewer of the hub. */
export class ViewerSockets {
  readonly #hub: Hub;
  readonly #keys: Keys;
  readonly #charts: Charts;
  readonly #viewers = new Set<LiveViewer>();
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: longestMessage, perMessageDeflate: false });

  constructor(hub: Hub, keys: Keys) {
    this.#hub = hub;
    this.#keys = keys;
    this.#charts = new Charts(hub, (machine) => drawChart(machine, { inBackground: true }));
  }

  /** Takes a request to upgrade, or refuses it. What the WebSocket's own handshake lacks, `ws` refuses. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const verdict = gate(request, this.#keys);
    if ('refused' in verdict) refuse(socket, verdict.refused);
    else if (verdict.path !== path) refuse(socket, 404);
    else if (this.#server.clients.size >= mostViewers) refuse(socket, 503);
    else {
      this.#server.handleUpgrade(request, socket, head, (webSocket) => {
        // its close follows
        webSocket.on('error', () => undefined);
        try {
          const viewer = new LiveViewer(webSocket, this.#hub, this.#charts);
          this.#viewers.add(viewer);
          webSocket.on('close', () => this.#viewers.delete(viewer));
        } catch (error) {
          closeFor(webSocket, error);
        }
      });
    }
  }

  /** Says goodbye to all of them. */
  close(): void {
    for (const viewer of this.#viewers) viewer.close(goingAway);
  }
}

function refuse(socket: Duplex, status: number): void {
  const lines = [`HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`, 'Connection: close', 'Content-Length: 0'];
  socket.end(`${lines.join('\r\n')}\r\n\r\n`, () => socket.destroy());
}

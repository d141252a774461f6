import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { drawChart } from '../../diagram/drawChart';
import { Charts } from './charts';
import { gate, type Keys } from './gate';
import type { Hub } from '../hub/hub';
import { closeFor, PageConnection } from './pageConnection';

/** The path of the WebSocket. */
const path = 'live';
/** How many pages may be connected at once. The next one gets a 503. */
const mostPages = 32;
/** Bytes of a page's message. A longer one closes the WebSocket; the longest that makes sense has some 17,000. */
const longestMessage = 64 * 1024;

/** The reason for closing all WebSockets: we go away (RFC 6455, 7.4.1). */
const goingAway = 1001;

/** The WebSockets of an inspector, one for each page that looks at the hub. */
export class PageConnections {
  readonly #hub: Hub;
  readonly #keys: Keys;
  readonly #charts: Charts;
  readonly #connections = new Set<PageConnection>();
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: longestMessage, perMessageDeflate: false });

  constructor(hub: Hub, keys: Keys) {
    this.#hub = hub;
    this.#keys = keys;
    this.#charts = new Charts(hub, (machine) => drawChart(machine, { inBackground: true }));
  }

  /**
   * Answers a request to upgrade: with a WebSocket, or a refusal. `ws` itself refuses a handshake with mistakes in
   * it.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const verdict = gate(request, this.#keys);
    if ('refused' in verdict) refuse(socket, verdict.refused);
    else if (verdict.path !== path) refuse(socket, 404);
    else if (this.#server.clients.size >= mostPages) refuse(socket, 503);
    else {
      this.#server.handleUpgrade(request, socket, head, (webSocket) => {
        // its 'close' follows, and does all that is needed
        webSocket.on('error', () => undefined);
        try {
          const connection = new PageConnection(webSocket, this.#hub, this.#charts);
          this.#connections.add(connection);
          webSocket.on('close', () => this.#connections.delete(connection));
        } catch (error) {
          closeFor(webSocket, error);
        }
      });
    }
  }

  /** Closes all WebSockets, each after the records that still wait. */
  close(): void {
    for (const connection of this.#connections) connection.close(goingAway);
  }
}

function refuse(socket: Duplex, status: number): void {
  const lines = [`HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`, 'Connection: close', 'Content-Length: 0'];
  socket.end(`${lines.join('\r\n')}\r\n\r\n`, () => socket.destroy());
}

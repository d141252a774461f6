import type { ServerMessage, ViewerMessage } from '../wire';

/** `stopped`: it is not tried any more, until somebody asks for it. */
export type Connection = 'connecting' | 'connected' | 'reconnecting' | 'stopped';

/** What a {@link WireClient} tells. */
interface WireListener {
  onMessage(message: ServerMessage): void;
  onConnection(connection: Connection): void;
}

/** Milliseconds until the first try to reconnect. Each one after it takes twice as long, up to {@link longestWait}. */
const firstWait = 250;
const longestWait = 5_000;
/** Tries without success, one after the other, until it stops: about a minute. */
const mostTries = 16;

/** The page's end of the WebSocket, which comes back when the server does. */
export class WireClient {
  readonly #listener: WireListener;
  #socket: WebSocket | undefined;
  #tries = 0;

  constructor(listener: WireListener) {
    this.#listener = listener;
  }

  /** Connects, also when it had stopped. */
  connect(): void {
    const url = new URL('live', location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = (this.#socket = new WebSocket(url));
    this.#listener.onConnection(this.#tries === 0 ? 'connecting' : 'reconnecting');
    socket.onopen = () => {
      this.#tries = 0;
      this.#listener.onConnection('connected');
    };
    socket.onmessage = ({ data }) => {
      this.#listener.onMessage(JSON.parse(data as string) as ServerMessage);
    };
    socket.onclose = () => {
      this.#retry();
    };
  }

  /** What can't be sent is lost: a new connection begins anew. */
  send(message: ViewerMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #retry(): void {
    const wait = Math.min(longestWait, firstWait * 2 ** this.#tries);
    this.#tries += 1;
    if (this.#tries > mostTries) {
      this.#tries = 0;
      this.#listener.onConnection('stopped');
      return;
    }
    this.#listener.onConnection('reconnecting');
    setTimeout(() => {
      this.connect();
    }, wait);
  }
}

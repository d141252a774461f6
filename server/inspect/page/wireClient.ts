import type { ServerMessage, ViewerMessage } from '../wire';

/**
 * `stopped`, `refused`: it is not tried any more, until somebody asks for it. `refused`: another inspector is there by now,
 * which has a token of its own.
 */
export type Connection = 'connecting' | 'connected' | 'reconnecting' | 'stopped' | 'refused';

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
      this.#giveUp('stopped');
      return;
    }
    this.#listener.onConnection('reconnecting');
    setTimeout(() => {
      void this.#lookAgain();
    }, wait);
  }

  async #lookAgain(): Promise<void> {
    const status = await statusOfPage();
    if (status === undefined) this.#retry();
    else if (status === 403) this.#giveUp('refused');
    else this.connect();
  }

  #giveUp(connection: 'stopped' | 'refused'): void {
    this.#tries = 0;
    this.#listener.onConnection(connection);
  }
}

/** What the server says to this page's URL; undefined when it says nothing. Why a WebSocket has failed no page is told. */
async function statusOfPage(): Promise<number | undefined> {
  try {
    return (await fetch('./', { method: 'HEAD', signal: AbortSignal.timeout(longestWait) })).status;
  } catch {
    return undefined;
  }
}

import type { ServerMessage, PageMessage } from '../messages';

/**
 * The state of a {@link ServerConnection}. In `stopped` and `refused` it doesn't try to reconnect until `connect` is
 * called. `refused`: another inspector has the port now, with a token of its own.
 */
export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'stopped' | 'refused';

/** Hears of messages, and of changes of the state. */
interface ServerListener {
  onMessage(message: ServerMessage): void;
  onState(state: ConnectionState): void;
}

/** Milliseconds until the first try to reconnect. Each one after it takes twice as long, up to {@link longestWait}. */
const firstWait = 250;
const longestWait = 5_000;
/** How many tries in a row may fail until the page stops trying: about a minute. */
const mostTries = 16;

/** The page's end of the WebSocket. It reconnects when the server comes back. */
export class ServerConnection {
  readonly #listener: ServerListener;
  #socket: WebSocket | undefined;
  #tries = 0;

  constructor(listener: ServerListener) {
    this.#listener = listener;
  }

  /** Connects, also after it has stopped trying. */
  connect(): void {
    const url = new URL('live', location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = (this.#socket = new WebSocket(url));
    this.#listener.onState(this.#tries === 0 ? 'connecting' : 'reconnecting');
    socket.onopen = () => {
      this.#tries = 0;
      this.#listener.onState('connected');
    };
    socket.onmessage = ({ data }) => {
      this.#listener.onMessage(JSON.parse(data as string) as ServerMessage);
    };
    socket.onclose = () => {
      this.#retry();
    };
  }

  /** Sends a message. Without a connection the message is dropped: a new connection begins from the start. */
  send(message: PageMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #retry(): void {
    const wait = Math.min(longestWait, firstWait * 2 ** this.#tries);
    this.#tries += 1;
    if (this.#tries > mostTries) {
      this.#giveUp('stopped');
      return;
    }
    this.#listener.onState('reconnecting');
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

  #giveUp(state: 'stopped' | 'refused'): void {
    this.#tries = 0;
    this.#listener.onState(state);
  }
}

/**
 * The status of the server's answer at this page's URL; undefined without an answer. A failed WebSocket says no
 * reason.
 */
async function statusOfPage(): Promise<number | undefined> {
  try {
    return (await fetch('./', { method: 'HEAD', signal: AbortSignal.timeout(longestWait) })).status;
  } catch {
    return undefined;
  }
}

import type { ActorId } from '../records';
import type { ServerConnection } from './serverConnection';

/** How many actors are watched from their birth without being named, so that the page has seen how some began. */
const auto = 50;

/** Milliseconds from a change of the list to its message: a scroll changes the list often, and needs one message. */
const delay = 100;

interface WatchList {
  /** The list may have changed. */
  update(): void;
  /** A new connection begins: the server watches nothing for this page yet. */
  begin(): void;
}

/**
 * Keeps the server's list of the actors that this page watches up to date.
 * @param wanted - the actors to watch now
 */
export function watchList(client: ServerConnection, wanted: () => ActorId[]): WatchList {
  let last = '';
  let isDue = false;

  const tell = (): void => {
    const ids = wanted();
    const next = ids.toSorted((a, b) => a - b).join();
    if (next === last) return;
    last = next;
    client.send({ type: 'watch', ids, auto });
  };
  return {
    update() {
      if (isDue) return;
      isDue = true;
      setTimeout(() => {
        isDue = false;
        tell();
      }, delay);
    },
    begin() {
      last = '';
      client.send({ type: 'watch', ids: [], auto });
    },
  };
}

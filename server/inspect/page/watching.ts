import type { ActorId } from '../wire';
import type { WireClient } from './wireClient';

/** Actors that are watched unasked, from their birth, so that the beginning of some is seen. */
const auto = 50;

/** Milliseconds from a change of whom to watch to its telling: a scroll is told once. */
const delay = 100;

interface Watching {
  /** Somebody else may be looked at now. */
  update(): void;
  /** A new connection knows of nobody. */
  begin(): void;
}

/** Tells the server whom to watch, when that has changed. */
export function watching(client: WireClient, wanted: () => ActorId[]): Watching {
  let told = '';
  let isDue = false;

  const tell = (): void => {
    const ids = wanted();
    const next = ids.toSorted((a, b) => a - b).join();
    if (next === told) return;
    told = next;
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
      told = '';
      client.send({ type: 'watch', ids: [], auto });
    },
  };
}

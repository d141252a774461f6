import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The size of the heap after a full garbage collection, in bytes. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

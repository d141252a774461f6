import type { ElkNode } from 'elkjs';
import { Worker } from 'node:worker_threads';
import { ServerchartError } from '../../machines/vocabulary/errors';
import { pathOfPeer } from '../loadPeer';

/** How long a call may take, in milliseconds. */
const layoutTimeout = 20_000;

/** How much memory the thread may take, in MiB. The limit is the thread's own, so the server's heap doesn't shrink. */
const maxHeap = 512;

/**
 * The program of the thread. One layout of a chart can fail where another one doesn't, so a single success is enough.
 */
const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  const ELK = require(workerData.elk);
  const elk = new ELK();
  Promise.allSettled(workerData.graphs.map((graph) => elk.layout(graph))).then((results) => {
    const placed = results.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
    if (placed.length === 0) throw results[0].reason;
    parentPort.postMessage(placed);
  });
`;

const layoutError = (why: string, cause?: unknown): ServerchartError =>
  new ServerchartError('ERR_LAYOUT', `The statechart can't be laid out: ${why}`, { cause });

function layOutNow(graphs: readonly ElkNode[], inBackground: boolean): Promise<readonly ElkNode[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, {
      eval: true,
      workerData: { elk: pathOfPeer('elkjs', 'Drawing a statechart'), graphs },
      resourceLimits: { maxOldGenerationSizeMb: maxHeap },
      // the flags of this process are not for the thread
      execArgv: [],
    });
    const timer = setTimeout(() => {
      reject(layoutError(`it takes more than ${String(layoutTimeout / 1_000)} seconds`));
      void worker.terminate();
    }, layoutTimeout);
    worker.once('message', resolve);
    worker.once('error', (error) => {
      reject(layoutError(error.message, error));
    });
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(layoutError('its thread has ended'));
    });
    // last, because each listener that is added makes Node keep the process alive for the thread again
    if (inBackground) {
      worker.unref();
      timer.unref();
    }
  });
}

let lastLayout: Promise<unknown> = Promise.resolve();

/**
 * Lays graphs out, in a thread of their own: the work takes tenths of a second, in which a server could not serve.
 * Returns the graphs that elkjs could lay out, at least one. Calls are done one after the other, so that many charts
 * at once don't take all of the machine's cores and memory.
 * @param inBackground - whether the process may end before the layout is done
 * @throws ServerchartError `ERR_MISSING_PEER` when elkjs isn't installed; `ERR_LAYOUT` when elkjs can lay out none of
 * the graphs, or takes more than 20 seconds or 512 MiB
 */
export function layOut(graphs: readonly ElkNode[], inBackground: boolean): Promise<readonly ElkNode[]> {
  const placed = lastLayout.then(() => layOutNow(graphs, inBackground));
  lastLayout = placed.catch(() => undefined);
  return placed;
}

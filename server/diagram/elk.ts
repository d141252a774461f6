import type { ElkNode } from 'elkjs';
import { Worker } from 'node:worker_threads';
import { ServerchartError } from '../../machines/vocabulary/errors';
import { pathOfPeer } from '../loadPeer';

/** How long a layout may take, in milliseconds. */
const layoutTimeout = 20_000;

/** What a layout may take of the memory, in MiB. It is a limit of its thread: the server doesn't feel it. */
const maxHeap = 512;

/** A layout can fail where another of the same chart doesn't. */
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

const failed = (why: string, cause?: unknown): ServerchartError =>
  new ServerchartError('ERR_LAYOUT', `The statechart can't be laid out: ${why}`, { cause });

function layOutNow(graphs: readonly ElkNode[], inBackground: boolean): Promise<readonly ElkNode[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, {
      eval: true,
      workerData: { elk: pathOfPeer('elkjs', 'Drawing a statechart'), graphs },
      resourceLimits: { maxOldGenerationSizeMb: maxHeap },
      // what this process was started with is none of its business
      execArgv: [],
    });
    const timer = setTimeout(() => {
      reject(failed(`it takes more than ${String(layoutTimeout / 1_000)} seconds`));
      void worker.terminate();
    }, layoutTimeout);
    worker.once('message', resolve);
    worker.once('error', (error) => {
      reject(failed(error.message, error));
    });
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(failed('its thread has ended'));
    });
    // last: with each listener that is added, Node holds the process for the thread again
    if (inBackground) {
      worker.unref();
      timer.unref();
    }
  });
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Lays graphs out, in a thread of their own: it takes tenths of a second of computing, in which a server would not serve.
 * Returns those that elkjs could lay out, one at least. One call after the other, so that many charts at once don't take
 * all of the machine's cores and memory.
 * @param inBackground - whether the process may end before it is done
 * @throws ServerchartError `ERR_MISSING_PEER` without elkjs; `ERR_LAYOUT` when elkjs can't, or takes more than 20 seconds
 * or 512 MiB
 */
export function layOut(graphs: readonly ElkNode[], inBackground: boolean): Promise<readonly ElkNode[]> {
  const placed = last.then(() => layOutNow(graphs, inBackground));
  last = placed.catch(() => undefined);
  return placed;
}

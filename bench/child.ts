import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { compiled } from './compiled';

/** Runs a module of the benchmark in a process of its own, with `NODE_ENV=production` and the function `gc`. */
export function forkModule(module: string, args: readonly string[] = []): ChildProcess {
  return fork(compiled(module), args, {
    execArgv: ['--expose-gc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
}

/**
 * Waits for the next message of a process.
 * @throws when the process ends instead
 */
export async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const onExit = (code: number | null): void => {
    ended.abort(new Error(`${child.spawnfile} ended with ${String(code)}`));
  };
  child.once('exit', onExit);
  try {
    const [message] = (await once(child, 'message', { signal: ended.signal })) as [T];
    return message;
  } catch (error) {
    throw ended.signal.aborted ? ended.signal.reason : error;
  } finally {
    child.off('exit', onExit);
  }
}

/** Sends a message to a process, and waits for the answer. */
export async function ask<T>(child: ChildProcess, message: object | string): Promise<T> {
  child.send(message);
  return nextMessage<T>(child);
}

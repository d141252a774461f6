import { existsSync, statSync } from 'node:fs';
import { describe } from '../../machines/vocabulary/errors';
import { loadModule } from './loadModule';

/** An error whose message is all that the user needs. */
export class UsageError extends Error {}

/** A message in one line, without Node's list of who required the module. */
export const oneLine = (text: string): string =>
  (text.split('Require stack:')[0] ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');

/** Says why a module couldn't be loaded. A module can throw any value, not only errors. */
function whyNotLoaded(file: string, error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION') {
    const reason = error instanceof Error && error.message !== '' ? error.message : `it threw ${describe(error)}`;
    return `'${file}' can't be loaded: ${oneLine(typeof error === 'string' ? error : reason)}`;
  }
  if (!/\.[cm]?ts$/.test(file)) return `'${file}' is neither TypeScript nor JavaScript.`;
  const advice = 'install ts-node and typescript (npm install --save-dev ts-node typescript@6), or use Node 22.18';
  return `Node ${process.versions.node} can't load '${file}' by itself: ${advice}.`;
}

/**
 * Loads the module that the user named, and returns what {@link loadModule} does.
 * @param hint - added to the error's message when there is no such file
 * @throws {@link UsageError} when there is no such file, or the module can't be loaded
 */
export async function loadUserModule(file: string, hint = ''): Promise<unknown> {
  if (!existsSync(file)) throw new UsageError(`There is no file '${file}'${hint}.`);
  if (!statSync(file).isFile()) throw new UsageError(`'${file}' is not a file.`);
  const neverLoaded = (): void => {
    console.error(`serverchart: '${file}' never finishes loading: it awaits something that never happens.`);
    process.exit(1);
  };
  process.once('beforeExit', neverLoaded);
  try {
    return await loadModule(file);
  } catch (error) {
    throw new UsageError(whyNotLoaded(file, error));
  } finally {
    process.off('beforeExit', neverLoaded);
  }
}

import { createRequire } from 'node:module';
import { ServerchartError } from '../../machines/vocabulary/errors';

/** The versions of XState that serverchart supports, as in package.json's peerDependencies. */
export const supportedXState = '^5.33.3';

/**
 * The error for something that can't be done with the installed XState. Code `ERR_XSTATE_VERSION`.
 * @param problem - what can't be done, and what XState lacks for it
 */
export function unsupportedXState(problem: string): ServerchartError {
  const { version } = createRequire(__filename)('xstate/package.json') as { readonly version: string };
  const versions = `xstate ${version} is installed, serverchart is for ${supportedXState}`;
  return new ServerchartError('ERR_XSTATE_VERSION', `${problem}: ${versions}`);
}

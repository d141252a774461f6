import { createRequire } from 'node:module';
import { ServerchartError } from '../../machines/vocabulary/errors';

/** The versions of XState that serverchart is for, as package.json says it to npm. */
export const supportedXState = '^5.33.3';

/**
 * The error for what can't be done with the XState that is installed. Code `ERR_XSTATE_VERSION`.
 * @param problem - what can't be done, and what is missing for it
 */
export function unsupportedXState(problem: string): ServerchartError {
  const { version } = createRequire(__filename)('xstate/package.json') as { readonly version: string };
  const versions = `xstate ${version} is installed, serverchart is for ${supportedXState}`;
  return new ServerchartError('ERR_XSTATE_VERSION', `${problem}: ${versions}`);
}

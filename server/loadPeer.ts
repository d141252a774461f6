import { createRequire } from 'node:module';
import { ServerchartError } from '../machines/errors';

/**
 * Loads a package that this one needs for some of its features only, so that installing it is up to the user.
 * @param feature - what needs it, as the error's message begins
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` when it isn't installed; it says how to install it
 */
export function loadPeer(name: string, feature: string): unknown {
  const require = createRequire(__filename);
  let path: string;
  try {
    path = require.resolve(name);
  } catch (cause) {
    const message = `${feature} needs the package '${name}': npm install ${name}`;
    throw new ServerchartError('ERR_MISSING_PEER', message, { cause });
  }
  return require(path);
}

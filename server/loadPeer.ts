import { createRequire } from 'node:module';
import { ServerchartError } from '../machines/vocabulary/errors';

/**
 * Where a package is that this one needs for some of its features only, so that installing it is up to the user.
 * @param feature - what needs it, as the error's message begins
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` when it isn't installed; it says how to install it
 */
export function pathOfPeer(name: string, feature: string): string {
  try {
    return createRequire(__filename).resolve(name);
  } catch (cause) {
    const message = `${feature} needs the package '${name}': npm install ${name}`;
    throw new ServerchartError('ERR_MISSING_PEER', message, { cause });
  }
}

/** Loads such a package: see {@link pathOfPeer}. */
export const loadPeer = (name: string, feature: string): unknown =>
  createRequire(__filename)(pathOfPeer(name, feature));

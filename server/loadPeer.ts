import { createRequire } from 'node:module';
import { ServerchartError } from '../machines/vocabulary/errors';

/**
 * Returns the path of an optional peer: a package that only some features need, and that the user installs for them.
 * @param feature - what needs the package: the error's message begins with it
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` when the package isn't installed; the message says how
 * to install it
 */
export function pathOfPeer(name: string, feature: string): string {
  try {
    return createRequire(__filename).resolve(name);
  } catch (cause) {
    const message = `${feature} needs the package '${name}': npm install ${name}`;
    throw new ServerchartError('ERR_MISSING_PEER', message, { cause });
  }
}

/** Loads an optional peer. Parameters and errors are those of {@link pathOfPeer}. */
export const loadPeer = (name: string, feature: string): unknown =>
  createRequire(__filename)(pathOfPeer(name, feature));

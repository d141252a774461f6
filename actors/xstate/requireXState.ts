import * as xstate from 'xstate';
import { unsupportedXState } from './unsupportedXState';

/** What is published by every XState 5, and without which no chart can be made. XState 6 has other ways. */
const needed = ['assign', 'createActor', 'emit', 'fromCallback', 'sendTo', 'setup', 'spawnChild'];

// Every entry of the package imports this module first: a chart that is made with another XState would die of a TypeError
// that names neither XState nor its version.
const missing = needed.filter((name) => !Object.hasOwn(xstate, name));
if (missing.length > 0) throw unsupportedXState(`XState has no ${missing.join(', no ')}`);

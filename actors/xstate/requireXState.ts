import * as xstate from 'xstate';
import { unsupportedXState } from './unsupportedXState';

/** Functions that every XState 5 publishes, and that charts are made with. XState 6 doesn't have all of them. */
const needed = ['assign', 'createActor', 'emit', 'fromCallback', 'sendTo', 'setup', 'spawnChild'];

// Every entry of the package imports this module first. Without it, a chart that is made with another XState would fail
// with a TypeError that names neither XState nor its version.
const missing = needed.filter((name) => !Object.hasOwn(xstate, name));
if (missing.length > 0) throw unsupportedXState(`XState has no ${missing.join(', no ')}`);

/** How many file descriptors a server leaves free for the rest of the process. */
import { integer, type Check } from './optionChecks';

/**
 * The check of `descriptorHeadroom`. 0 leaves none free: clients are taken until the process has no descriptor left.
 */
export const descriptorHeadroom: Check = integer(0, Number.MAX_SAFE_INTEGER, 'a whole number from 0');

/**
 * The default of `descriptorHeadroom`: 5 % of the limit, from 16 to 256.
 *
 * What needs descriptors beside connections (log files, name lookups, a database, modules that are loaded late, the
 * pipes of a child process) doesn't grow with the limit. So the headroom stays at 256 from a limit of 5,120 on. Below
 * a limit of 320 the headroom is 16: a Node server with nothing to do has 20 descriptors open, and under `ulimit -n
 * 64` there must be room for some dozens of clients.
 */
export const defaultHeadroom = (limit: number): number => Math.min(256, Math.max(16, Math.ceil(limit / 20)));

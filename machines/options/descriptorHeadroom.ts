/** How many file descriptors a server leaves free for others. */
import { integer, type Check } from './optionChecks';

/** 0 leaves none: clients are taken until the process runs out. */
export const descriptorHeadroom: Check = integer(0, Number.MAX_SAFE_INTEGER, 'a whole number from 0');

/**
 * The headroom of a server that wasn't told one: 5 % of the limit, from 16 to 256.
 *
 * What needs descriptors beside connections (log files, name lookups, a database, modules that are loaded late, the pipes
 * of a child process) doesn't grow with the limit: so 256, from 5,120 on. Below 320 it is 16, because a Node server with
 * nothing to do has 20 open, and under `ulimit -n 64` there must be room for some dozens of clients.
 */
export const defaultHeadroom = (limit: number): number => Math.min(256, Math.max(16, Math.ceil(limit / 20)));

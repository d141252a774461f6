/**
 * How a client that comes now is met. The states of both servers carry these tags, so that nobody needs the names of the
 * states to know.
 *
 * - `taking`: the client gets a handler at once;
 * - `queueing`: the client waits for its turn, as long as the queue has room (`maxQueued`).
 *
 * In a state without a tag no client is served. A new state has none until somebody has thought about it: rather one
 * client too few than one that nobody serves.
 */
export type ServerTag = 'taking' | 'queueing';

/**
 * What the next client meets in a state of a server. The states of both servers carry these tags, so that other code
 * doesn't depend on the names of the states.
 *
 * - `taking`: the client gets a handler at once;
 * - `queueing`: the client waits for its turn, as long as the queue has room (`maxQueued`).
 *
 * In a state without a tag no client is served. A new state has no tag until somebody has thought about it: a client
 * too few is better than a client that nobody serves.
 */
export type ServerTag = 'taking' | 'queueing';

/**
 * What a server's states say to those who ask for more than a name: what a client meets that comes now.
 *
 * - `taking`: the client gets a handler at once;
 * - `queueing`: the client waits for its turn, as long as the queue has room (`maxQueued`).
 *
 * In a state without a tag no client is served. A new state has none until somebody has thought about it: rather one
 * client too few than one that nobody serves.
 */
export type ServerTag = 'taking' | 'queueing';

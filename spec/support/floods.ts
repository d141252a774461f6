import { handler } from './fixtures';

/** More bytes than a scenario's network holds. */
export const megabyte: Buffer = Buffer.alloc(1 << 20, 'serverchart ');

/** A handler that answers each chunk with a megabyte, more than the network takes for a client that doesn't read. */
export const floodOnDemand = handler(({ receive, emit }) => {
  receive(({ type }) => {
    if (type === 'inbox') emit({ type: 'outbox', data: megabyte });
  });
});

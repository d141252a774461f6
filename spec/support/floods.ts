import { handler } from './fixtures';

/** More than a scenario's network holds. */
export const megabyte: Buffer = Buffer.alloc(1 << 20, 'serverchart ');

/** Answers whatever comes with a megabyte: more than a client who has stopped reading can be given. */
export const floodOnDemand = handler(({ receive, emit }) => {
  receive(({ type }) => {
    if (type === 'inbox') emit({ type: 'outbox', data: megabyte });
  });
});

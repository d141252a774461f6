import { describe, expect, it } from '@jest/globals';
import { echo, serverCore } from '../../../server/index';
import { scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { deaf, handler, polite, waiting } from '../../support/fixtures';
import { floodOnDemand } from '../../support/floods';
import { expectQuiet } from '../../support/quiet';
import { assertNothingLeft } from '../../support/stopping';
import { makeWorker } from '../../support/processes/worker';

describe("The root actor's stop()", () => {
  // a stopped actor must not print a warning or an error
  expectQuiet();

  it('while it accepts, with clients that talk, that are silent and that have gone', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const [talking, silent, gone] = await s.clients('talking', 'silent', 'gone');
    await talking.sends('hello');
    await talking.receives('hello');
    await gone.ends();
    await assertNothingLeft(s, talking, silent);
  });

  it('while it is full and rejects', async () => {
    await using s = await scenario(serverCore, { protocol: echo, maxConnections: 1, busyReply: 'full' });
    const client = await s.client('client');
    const rejected = await s.client('rejected', { allowHalfOpen: true });
    await rejected.receives('full');
    // lingerTimeout runs
    expect(s.clock.pending).toBe(1);
    await assertNothingLeft(s, client, rejected);
  });

  it('while it is full and does not listen', async () => {
    await using s = await scenario(serverCore, { protocol: echo, maxConnections: 1, whenBusy: 'refuse' });
    const client = await s.client();
    expect(s.server).toBeInState({ listening: { full: 'refusing' } });
    await assertNothingLeft(s, client);
  });

  it('while it opens its port again', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const client = await s.client();
    await s.send({ type: 'control.suspend' });
    s.server.send({ type: 'control.resume' });
    await assertNothingLeft(s, client);
  });

  it('with clients in the queue', async () => {
    await using s = await scenario(serverCore, { protocol: echo, maxConnections: 1, whenBusy: 'queue' });
    const [client, talking, silent] = await s.clients('client', 'talking', 'silent');
    await talking.sends('hello');
    await assertNothingLeft(s, client, talking, silent);
    // the server had not read the client's bytes
    await talking.hasFailed('ECONNRESET');
  });

  it('with congested connections', async () => {
    await using s = await scenario(serverCore, { protocol: floodOnDemand });
    const client = await s.client();
    client.stopsReading();
    await client.sends('?');
    // writeTimeout runs
    expect(s.clock.pending).toBe(1);
    await assertNothingLeft(s, client);
  });

  it('with handlers that wait for a timer, that work, and that hold what they cannot take', async () => {
    const { worker, begun } = makeWorker();
    const protocol = ({ id }: { readonly id: string }): typeof waiting | typeof worker =>
      id === 'connection:1' ? waiting : worker;
    await using s = await scenario(serverCore, { protocol }, { split: 0 });
    const [first, second] = await s.clients('first', 'second');
    await second.sends('one');
    await second.sends('two');
    expect(s.clock.pending).toBe(1);
    await assertNothingLeft(s, first, second);
    expect(begun).toEqual(['one']);
  });

  it('while it drains', async () => {
    await using s = await scenario(serverCore, { protocol: deaf });
    const client = await s.client();
    await s.shutsDown();
    expect(s.clock.pending).toBe(1);
    await assertNothingLeft(s, client);
  });

  it('while connections flush and linger', async () => {
    await using s = await scenario(serverCore, { protocol: polite, allowHalfOpen: true });
    const client = await s.client('client', { allowHalfOpen: true });
    await s.shutsDown();
    await client.isEnded();
    // the timers of shutdownTimeout, of lingerTimeout, and of the sweep over all connections' time limits
    expect(s.clock.pending).toBe(3);
    await assertNothingLeft(s, client);
  });

  it('from within what the server emits', async () => {
    await using s = await scenario(serverCore, { protocol: polite });
    s.server.on('connection.opened', () => s.server.stop());
    const client = await s.client();
    await client.isEnded();
    await assertNothingLeft(s, client);
  });

  it('runs the clean-up of a callback handler, and tells a machine handler nothing more', async () => {
    const cleanedUp: string[] = [];
    const protocol = handler(
      ({ input }) =>
        () =>
          cleanedUp.push(input.id),
    );
    await using s = await scenario(serverCore, { protocol });
    const clients = await s.clients('first', 'second');
    await assertNothingLeft(s, ...clients);
    expect(cleanedUp).toEqual(['connection:1', 'connection:2']);
  });
});

/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'isEchoed', '**.receives'] }] */
import { describe, expect, it } from '@jest/globals';
import { echo, singleServer } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { breakable, isEchoed, isRefused, timesOf } from '../support/failingListeners';

describe('SingleServer, whose listener has failed', () => {
  it("goes on with its client, and listens again after the delay to turn others away, for 'reject'", async () => {
    const { network, fails } = breakable();
    await using s = await scenario(singleServer, { protocol: echo, busyReply: 'busy' }, { network });
    const client = await s.client();
    await fails(s);
    expect(s.server).toBeInState({ connected: 'restarting' });
    await s.advance(999);
    await isRefused(s);
    await s.advance(1);
    await (await s.client('other')).receives('busy');
    await isEchoed(client);
    expect(timesOf(s, 'server.listening')).toBe(2);
  });

  it("goes on with its client, and listens again after the delay to let others wait, for 'queue'", async () => {
    const { network, fails } = breakable();
    await using s = await scenario(singleServer, { protocol: echo, whenBusy: 'queue' }, { network });
    const client = await s.client();
    await fails(s);
    await s.advance(1_000);
    const other = await s.client('other');
    await isEchoed(client);
    await client.ends();
    await s.advance(0);
    await isEchoed(other);
    expect(other.id).toBe('connection:2');
  });

  it('listens again when its client has gone before that', async () => {
    const { network, fails } = breakable();
    await using s = await scenario(singleServer, { protocol: echo }, { network });
    const client = await s.client();
    await fails(s);
    await client.ends();
    const next = await s.client('next');
    await isEchoed(next);
    expect(next.id).toBe('connection:2');
  });

  it('keeps those who queue, and their turns', async () => {
    const { network, fails } = breakable();
    await using s = await scenario(singleServer, { protocol: echo, whenBusy: 'queue' }, { network });
    const [first, second, third] = await s.clients('first', 'second', 'third');
    await fails(s);
    await first.ends();
    await s.advance(0);
    await isEchoed(second);
    await second.ends();
    await s.advance(0);
    await isEchoed(third);
    await third.ends();
    const fourth = await s.client('fourth');
    await isEchoed(fourth);
    expect([second.id, third.id, fourth.id]).toEqual(['connection:2', 'connection:3', 'connection:4']);
  });

  it('keeps what waits on its inbox for the next client', async () => {
    const { network, fails } = breakable();
    await using s = await scenario(singleServer, {}, { network });
    await fails(s);
    await s.send({ type: 'inbox', data: 'hello' });
    await s.advance(1_000);
    const client = await s.client();
    await client.receives('hello');
  });
});

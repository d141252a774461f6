/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'isEchoed', '*.hasClosed', '*.isRejected', '*.receives'] }] */
import { describe, expect, it } from '@jest/globals';
import type { StateValue } from 'xstate';
import type { Restart } from '../../machines/options/restart';
import { echo, ListenError, serverCore, singleServer } from '../../server/index';
import { memoryNetwork, scenario, type MemoryNetwork, type Scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { breakable, broken, isEchoed, isRefused, occupy, timesOf } from '../support/failingListeners';

type Core = Scenario<typeof serverCore>;
type Single = Scenario<typeof singleServer>;

const both: [string, (restart?: Restart, network?: MemoryNetwork) => Promise<Core | Single>, StateValue][] = [
  [
    'ServerCore',
    (restart, network) =>
      scenario(serverCore, { protocol: echo, port: 0, ...(restart && { restart }) }, network && { network }),
    { listening: 'restarting' },
  ],
  [
    'SingleServer',
    (restart, network) =>
      scenario(singleServer, { protocol: echo, port: 0, ...(restart && { restart }) }, network && { network }),
    'restarting',
  ],
];

describe.each(both)('A listener of %s that fails', (_, start, restarting) => {
  it('is given another chance after the delay, on the port that the system chose', async () => {
    const { network, fails } = breakable();
    await using s = await start({ delay: 3_000 }, network);
    const { address } = s.server.getSnapshot().context;
    await fails(s);
    expect(s.server).toBeInState(restarting);
    expect(s.emitted.at(-1)).toEqual({ type: 'server.restarting', error: expect.any(ListenError) });
    await s.advance(2_999);
    await isRefused(s);
    await s.advance(1);
    expect(s.emitted.at(-1)).toEqual({ type: 'server.listening', ...address });
    expect(s.server.getSnapshot().context.address).toEqual(address);
    const client = await s.client();
    await isEchoed(client);
    expect(timesOf(s, 'server.failed')).toBe(0);
  });

  it.each(['EBADF', 'EINVAL', 'ENOTSOCK', 'EOPNOTSUPP', 'EADDRNOTAVAIL'])('has broken by %s', async (code) => {
    const { network, fails } = breakable();
    await using s = await start({ delay: 1 }, network);
    const error = broken(code);
    await fails(s, error);
    const { address, port } = s.server.getSnapshot().context.address ?? {};
    expect(s.emitted.at(-1)).toMatchObject({ type: 'server.restarting', error: { code, cause: error, address, port } });
    await s.advance(1);
    await isEchoed(await s.client());
  });

  it.each(['ECONNABORTED', 'EPROTO', 'ENOBUFS', 'EMFILE'])('has not broken by %s of one client', async (code) => {
    const { network, fails } = breakable();
    await using s = await start({ max: 0 }, network);
    const error = broken(code);
    await fails(s, error);
    expect(s.emitted.at(-1)).toEqual({ type: 'connection.rejected', reason: 'acceptFailed', error });
    await isEchoed(await s.client());
    expect(timesOf(s, 'server.listening')).toBe(1);
  });

  it('may fail five times in a minute, a second apart, unless it is told otherwise', async () => {
    const { network, fails } = breakable();
    await using s = await start(undefined, network);
    for (let n = 0; n < 5; n += 1) {
      await fails(s);
      expect(s.server).toBeInState(restarting);
      await s.advance(1_000);
      expect(timesOf(s, 'server.listening')).toBe(n + 2);
    }
    const error = broken('EINVAL');
    await expect(fails(s, error)).rejects.toMatchObject({ name: 'ListenError', code: 'EINVAL', cause: error });
    expect(s.emitted.at(-1)).toEqual({ type: 'server.failed', error: s.error });
    expect(timesOf(s, 'server.restarting')).toBe(5);
    expect(s.clock.pending).toBe(0);
    expect(s.leftovers()).toEqual([]);
  });

  it('has its old failures forgotten', async () => {
    const { network, fails } = breakable();
    await using s = await start({ max: 1, within: 10_000, delay: 0 }, network);
    for (let n = 0; n < 4; n += 1) {
      await fails(s);
      expect(timesOf(s, 'server.restarting')).toBe(n + 1);
      await s.advance(10_000);
    }
    await fails(s);
    await s.advance(9_999);
    await expect(fails(s)).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('has as many chances as it takes when max is Infinity', async () => {
    const { network, fails } = breakable();
    await using s = await start({ max: Infinity, delay: 1 }, network);
    for (let n = 0; n < 100; n += 1) {
      await fails(s);
      await s.advance(1);
    }
    await isEchoed(await s.client());
  });

  it('has no second chance when max is 0', async () => {
    const { network, fails } = breakable();
    await using s = await start({ max: 0 }, network);
    const client = await s.client();
    await expect(fails(s)).rejects.toMatchObject({ code: 'EBADF' });
    await client.hasClosed();
    expect(timesOf(s, 'server.restarting')).toBe(0);
    expect(s.leftovers()).toEqual([]);
  });

  it('can be drained while it waits for its chance, with what is open', async () => {
    const { network, fails } = breakable();
    await using s = await start(undefined, network);
    const client = await s.client();
    await fails(s);
    await s.shutsDown();
    await client.hasClosed();
    expect(s.server).toBeInState('shutdown');
    expect(s.output).toMatchObject({ connections: 1, drained: [{ id: 'connection:1', reason: 'serverShutdown' }] });
    expect(s.leftovers()).toEqual([]);
  });

  it('can be cut while it waits for its chance', async () => {
    const { network, fails } = breakable();
    await using s = await start(undefined, network);
    const client = await s.client();
    await fails(s);
    await s.send({ type: 'control.shutdownMicroprocess' });
    await client.hasClosed();
    expect(s.output).toMatchObject({ reasons: { aborted: 1 } });
    expect(s.leftovers()).toEqual([]);
  });

  it('can be drained by whoever hears of it', async () => {
    const { network, fails } = breakable();
    await using s = await start(undefined, network);
    const client = await s.client();
    (s as Core).server.on('server.restarting', () => {
      s.server.send({ type: 'control.serverShutdown' });
    });
    await fails(s);
    await client.hasClosed();
    expect(s.server).toBeInState('shutdown');
    expect(s.output).toMatchObject({ drained: [{ id: 'connection:1', reason: 'serverShutdown' }] });
    expect(s.leftovers()).toEqual([]);
  });

  it('leaves nothing when its server is stopped while it waits for its chance', async () => {
    const { network, fails } = breakable();
    await using s = await start(undefined, network);
    const client = await s.client();
    await fails(s);
    s.server.stop();
    await s.settle();
    await client.hasClosed();
    expect(s.leftovers()).toEqual([]);
  });
});

it.each([
  ['ServerCore', serverCore],
  ['SingleServer', singleServer],
])('%s has no second chance at its first start', async (_, logic) => {
  const network = memoryNetwork();
  await using other = await occupy(network);
  const starting = scenario(logic as typeof serverCore, { protocol: echo, restart: { max: Infinity } }, { network });
  await expect(starting).rejects.toMatchObject({ name: 'ListenError', code: 'EADDRINUSE', port: 1601 });
  expect(other.server).toBeInState({ listening: 'accepting' });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { echo, serverCore, setupProtocol, type ServerCoreOptions } from '../../server/index';
import { scenario, type Scenario, type ScenarioOptions, type TestClient } from '../../server/testing/index';

const played: AsyncDisposable[] = [];

afterEach(async () => {
  for (const s of played.splice(0)) await s[Symbol.asyncDispose]();
});

/** A server with echo, and a client of it. */
async function visited(
  options: Partial<ServerCoreOptions> = {},
  surroundings?: ScenarioOptions,
): Promise<[Scenario<typeof serverCore>, TestClient]> {
  const s = await scenario(serverCore, { protocol: echo, ...options }, surroundings);
  played.push(s);
  return [s, await s.client('ada')];
}

/** The message that a failed expectation has, without what happened last. */
const complaint = async (expectation: Promise<unknown>): Promise<string> => {
  const error = await expectation.then(
    () => new Error('It was met'),
    (reason: unknown) => reason as Error,
  );
  return error.message.split('\n\nWhat happened last:')[0] ?? '';
};

/** Hears the end of the other side, and stays. */
const quiet = setupProtocol().createMachine({ on: { 'control.producerFinished': { actions: () => undefined } } });
const farewell = setupProtocol().createMachine({ on: { inbox: { actions: ['reply', 'finish'] } } });

describe('A peer', () => {
  describe('receives', () => {
    it.each<[what: string, expected: string | Uint8Array | number | RegExp]>([
      ['text', 'grüße'],
      ['bytes', Buffer.from('grüße')],
      ['a number of bytes', 7],
      ['what a pattern matches', /gr\S+/],
    ])('%s, and leaves the rest', async (_, expected) => {
      const [, ada] = await visited();
      await ada.sends('grüße und mehr');
      expect((await ada.receives(expected)).toString()).toBe('grüße');
      expect(ada.received.toString()).toBe(' und mehr');
      await ada.receives(' und mehr');
      await ada.receivesNothing();
    });

    it('what a pattern matches in bytes that are no text', async () => {
      const [, ada] = await visited();
      const bytes = Buffer.from([0xff, 0x61, 0x62, 0x0a, 0xfe]);
      await ada.sends(bytes);
      expect(await ada.receives(/.ab\n/)).toEqual(bytes.subarray(0, 4));
      await ada.receives(1);
    });

    it.each([-2, 0.5, NaN])('no %d bytes', async (count) => {
      const [, ada] = await visited();
      await expect(ada.receives(count)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'expected' });
    });

    it('nothing, when that is what it expects', async () => {
      const [, ada] = await visited();
      await ada.receives('');
      await ada.receivesNothing();
    });

    it('a pattern only from the next byte on', async () => {
      const [, ada] = await visited();
      await ada.sends('one two');
      expect(await complaint(ada.receives(/two/g))).toBe('ada was to receive /two/g, but "one two" has come');
    });

    it('not what is other: told in text and in hex', async () => {
      const [, ada] = await visited();
      await ada.sends('hello\n');
      expect(await complaint(ada.receives('HELLO\n'))).toBe(
        [
          'ada was to receive "HELLO\\n", but "hello\\n" has come',
          '  expected  "HELLO\\n"',
          '            48 45 4c 4c 4f 0a',
          '  received  "hello\\n"',
          '            68 65 6c 6c 6f 0a',
        ].join('\n'),
      );
    });

    it('not what differs far behind: told with its place', async () => {
      const [, ada] = await visited();
      const alike = 'all the same '.repeat(1_000);
      await ada.sends(`${alike}\u0000!`);
      expect(await complaint(ada.receives(`${alike}\u0000?`))).toBe(
        [
          'ada was to receive "all the same all the same all the same all the same all the "… (13002 bytes), but ' +
            '"all the same all the same all the same all the same all the "… (13002 bytes) has come',
          '  the same up to byte 13001; from byte 12977 on:',
          '  expected  " the same all the same \\u0000?"',
          '            20 74 68 65 20 73 61 6d 65 20 61 6c 6c 20 74 68 65 20 73 61 6d 65 20 00 3f',
          '  received  " the same all the same \\u0000!"',
          '            20 74 68 65 20 73 61 6d 65 20 61 6c 6c 20 74 68 65 20 73 61 6d 65 20 00 21',
        ].join('\n'),
      );
    });

    it.each<[why: string, act: (ada: TestClient, s: Scenario<typeof serverCore>) => unknown, found: string]>([
      ['nobody sent it', () => undefined, 'nothing has come'],
      ['only a part has come', (ada) => ada.sends('hel'), '"hel" has come'],
      [
        'it has stopped reading',
        async (ada) => {
          ada.stopsReading();
          await ada.sends('hello');
        },
        'nothing has come; it has stopped reading',
      ],
      ['it has left', (ada) => ada.leaves(), 'nothing has come; the server has closed it: peerClosed'],
      [
        'the server is gone',
        (_, s) => s.server.stop(),
        'nothing has come; it has closed; its server has ended without telling a reason',
      ],
    ])('nothing when %s', async (_, act, found) => {
      const [s, ada] = await visited();
      await act(ada, s);
      expect(await complaint(ada.receives(5))).toBe(`ada was to receive 5 bytes, but ${found}`);
    });

    it('and says so when there is more', async () => {
      const [, ada] = await visited();
      await ada.sends('hello');
      expect(await complaint(ada.receivesNothing())).toBe('ada was to receive nothing, but "hello" has come');
    });
  });

  describe('sends', () => {
    it('in pieces that the network likes, and in order', async () => {
      const [, ada] = await visited({}, { window: 1_000 });
      const sent = Array.from({ length: 10_000 }, (_, index) => String(index)).join();
      await ada.sends(sent);
      await ada.receives(sent);
    });

    it('nothing once its side has ended', async () => {
      const [, ada] = await visited({ protocol: quiet, allowHalfOpen: true });
      await ada.ends();
      expect(await complaint(ada.sends('more'))).toBe('ada can\'t send "more": it has ended its side');
    });

    it('nothing once the connection has ended', async () => {
      const [, ada] = await visited({ protocol: farewell });
      await ada.sends('bye');
      await ada.receives('bye');
      expect(await complaint(ada.sends('more'))).toBe(
        'ada can\'t send "more": the server has closed it: handlerFinished',
      );
    });
  });

  describe('stops reading', () => {
    it('at once: the window is all that leaves the server', async () => {
      const [s, ada] = await visited({ maxBufferedBytes: 0 }, { window: 1_000 });
      ada.stopsReading();
      await ada.sends('x'.repeat(1_000));
      await ada.isOpen();
      await ada.readsOn();
      await ada.receives('x'.repeat(1_000));
      ada.stopsReading();
      await ada.sends('y'.repeat(3_000));
      await s.advance(60_000);
      expect(await ada.isClosed('slowConsumer')).toMatchObject({ bytesOut: 2_000 });
    });
  });

  describe('is where it says that it is', () => {
    /** How an expectation of each kind ends. */
    const asked = async (peer: TestClient): Promise<Record<string, string>> => ({
      open: await complaint(peer.isOpen()),
      ended: await complaint(peer.isEnded()),
      closed: await complaint(peer.isClosed()),
      rejected: await complaint(peer.isRejected()),
      failed: await complaint(peer.hasFailed('ECONNRESET')),
    });
    const met = 'It was met';

    it('when it is connected', async () => {
      const [, ada] = await visited();
      expect(ada.id).toBe('connection:1');
      const found = 'but it is connected';
      expect(await asked(ada)).toEqual({
        open: met,
        ended: `ada was to see the end, ${found}`,
        closed: `ada was to be closed, ${found}`,
        rejected: `ada was to be rejected, ${found}`,
        failed: `ada was to fail with ECONNRESET, ${found}`,
      });
    });

    it('when the server has closed it', async () => {
      const [, ada] = await visited({ protocol: farewell });
      await ada.sends('bye');
      const found = 'but the server has closed it: handlerFinished';
      expect(await asked(ada)).toEqual({
        open: `ada was to be connected, ${found}`,
        ended: met,
        closed: met,
        rejected: `ada was to be rejected, ${found}`,
        failed: `ada was to fail with ECONNRESET, ${found}`,
      });
      expect(await complaint(ada.isClosed('reset'))).toBe(`ada was to be closed (reset), ${found}`);
    });

    it('when the server has turned it away', async () => {
      const [s] = await visited({ maxConnections: 1 });
      const bob = await s.client('bob');
      const found = 'but the server has turned it away: atCapacity';
      expect(await asked(bob)).toMatchObject({
        open: `bob was to be connected, ${found}`,
        ended: met,
        closed: `bob was to be closed, ${found}`,
        rejected: met,
      });
      expect(bob.id).toBeUndefined();
      expect(await complaint(bob.isRejected('queueFull'))).toBe(`bob was to be rejected (queueFull), ${found}`);
    });

    it('when nobody listens', async () => {
      const [s] = await visited();
      const bob = await s.client('bob', { port: 1602 });
      const found = 'but it has failed: connect ECONNREFUSED 127.0.0.1:1602';
      await bob.hasFailed('ECONNREFUSED');
      expect(await asked(bob)).toMatchObject({
        open: `bob was to be connected, ${found}`,
        closed: `bob was to be closed, ${found}`,
        failed: `bob was to fail with ECONNRESET, ${found}`,
      });
    });

    it('when it still connects', async () => {
      const [, ada] = await visited({}, { latency: 10 });
      expect(await complaint(ada.receives(1))).toBe(
        'ada was to receive 1 bytes, but nothing has come; it is still connecting',
      );
      expect(await complaint(ada.isOpen())).toBe('ada was to be connected, but it is still connecting');
    });
  });

  it.each<[act: 'ends' | 'leaves' | 'resets', reason: 'peerClosed' | 'reset']>([
    ['ends', 'peerClosed'],
    ['leaves', 'peerClosed'],
    ['resets', 'reset'],
  ])('%s, and the server tells %s', async (act, reason) => {
    const [s, ada] = await visited();
    await ada[act]();
    await ada.isClosed(reason);
    expect(s.closed).toMatchObject([{ id: 'connection:1', reason }]);
  });

  it('does nothing more once it has closed, and the trace says so', async () => {
    const [s, ada] = await visited();
    await ada.leaves();
    const before = s.trace();
    await ada.leaves();
    await ada.resets();
    await ada.ends();
    expect(s.trace()).toBe(before);
  });

  it('comes from the address that it is given, and on a unix socket', async () => {
    await using s = await scenario(serverCore, { protocol: echo, path: '/run/echo' });
    const ada = await s.client('ada');
    await ada.sends('hello');
    await ada.receives('hello');
    expect(ada.id).toBe('connection:1');
    const [t] = await visited();
    await t.client('bob', { localAddress: '192.0.2.7', localPort: 7 });
    expect(t.emitted.at(-1)).toMatchObject({ type: 'connection.opened', peer: '192.0.2.7', peerport: 7 });
  });

  it('shows what happened last when it fails, and the seeds', async () => {
    const [, ada] = await visited({}, { seed: 3, faults: { seed: 4, delay: 0 } });
    const error = await ada.receives('x').catch((reason: unknown) => reason as Error);
    expect((error as Error).name).toBe('ScenarioError');
    expect((error as Error).message).toContain(
      [
        '     0 ms  ada                      is connection:1',
        '',
        "The network's seed was 3, its faults were { seed: 4, delay: 0 }.",
      ].join('\n'),
    );
  });
});

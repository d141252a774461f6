import { beforeEach, describe, expect, it } from '@jest/globals';
import { ReceiveTimeouts } from '../../../actors/socket/timeouts/receiveTimeouts';

const window = 1_000;

describe('The window of minReceiveRate', () => {
  const time = { now: 0, expect: (): void => undefined };
  const owner = {
    bytesIn: 0,
    isReading: true,
    isHandlerIdle: true,
    onceHandlerIdle: (): void => undefined,
    timedOut: ({ type }: { readonly type: string }): void => void told.push(type),
  };
  let told: string[];
  let peer: ReceiveTimeouts;

  beforeEach(() => {
    told = [];
    Object.assign(time, { now: 0 });
    Object.assign(owner, { bytesIn: 0 });
    peer = new ReceiveTimeouts(owner, { minReceiveRate: { bytesPerSecond: 100, window } }, time);
  });

  const at = (now: number, act: () => void): void => {
    time.now = now;
    act();
  };
  const paused = (): void => {
    peer.paused();
  };
  const resumed = (): void => {
    peer.resumed();
  };
  const begun = (): void => {
    peer.beginWindow(time.now);
  };

  it('begins when it is the peer’s turn for the first time', () => {
    expect(peer.due).toBe(Infinity);
    at(300, resumed);
    expect(peer.due).toBe(300 + window);
  });

  it('is longer by a pause that begins in it, and by the next one', () => {
    at(0, resumed);
    at(400, paused);
    expect(peer.due).toBe(Infinity);
    at(900, resumed);
    expect(peer.due).toBe(window + 500);
    at(901, paused);
    at(902, resumed);
    expect(peer.due).toBe(window + 501);
  });

  it.each([0, 1])('is as long as ever after a pause that begins and ends %d ms later', (length) => {
    at(0, resumed);
    at(400, paused);
    at(400 + length, resumed);
    expect(peer.due).toBe(window + length);
  });

  it('that begins in a pause, as after a handshake, is longer by the rest of the pause alone', () => {
    at(0, resumed);
    at(400, paused);
    at(700, begun);
    at(900, resumed);
    expect(peer.due).toBe(900 + window);
  });

  it('that begins in the moment of a pause is longer by all of the pause', () => {
    at(0, resumed);
    at(400, begun);
    at(400, paused);
    at(900, resumed);
    expect(peer.due).toBe(900 + window);
  });

  it.each([
    [0, []],
    [1, ['_timeouts.minReceiveRate']],
    [99, ['_timeouts.minReceiveRate']],
    [100, []],
    [101, []],
  ])('with %d bytes in it, of 100 that are asked for, tells %j', (bytes, expected) => {
    at(0, resumed);
    Object.assign(owner, { bytesIn: bytes });
    peer.look(window - 1);
    expect(told).toEqual([]);
    peer.look(window);
    expect(told).toEqual(expected);
  });
});

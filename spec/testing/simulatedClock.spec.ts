import { describe, expect, it } from '@jest/globals';
import { SimulatedClock } from '../../server/testing/index';

/** A clock, and a diary of what happened when. */
function clockAndDiary(): { clock: SimulatedClock; diary: string[]; note: (what: string) => () => void } {
  const clock = new SimulatedClock();
  const diary: string[] = [];
  const note = (what: string) => (): void => {
    diary.push(`${String(clock.now())}: ${what}`);
  };
  return { clock, diary, note };
}

describe('SimulatedClock', () => {
  describe('advance', () => {
    it('runs timers in the order of their times, those of one time in the order of setting', async () => {
      const { clock, diary, note } = clockAndDiary();
      clock.setTimeout(note('late'), 20);
      clock.setTimeout(note('first of two'), 10);
      clock.setTimeout(note('second of two'), 10);
      clock.setTimeout(note('soon'), 1);
      await clock.advance(20);
      expect(diary).toEqual(['1: soon', '10: first of two', '10: second of two', '20: late']);
    });

    it('stops short of a timer that is due later, and takes it up the next time', async () => {
      const { clock, diary, note } = clockAndDiary();
      clock.setTimeout(note('it'), 10);
      await clock.advance(9);
      expect([clock.now(), diary]).toEqual([9, []]);
      await clock.advance(1);
      expect(diary).toEqual(['10: it']);
    });

    it('runs a timer that another has set, when it falls into the time', async () => {
      const { clock, diary, note } = clockAndDiary();
      clock.setTimeout(() => {
        clock.setTimeout(note('at once'), 0);
        clock.setTimeout(note('inner'), 5);
        clock.setTimeout(note('too late'), 6);
      }, 10);
      clock.setTimeout(note('outer'), 12);
      await clock.advance(15);
      expect(diary).toEqual(['10: at once', '12: outer', '15: inner']);
    });

    it('begins when an earlier call has ended', async () => {
      const { clock, diary, note } = clockAndDiary();
      for (const ms of [10, 60, 110]) clock.setTimeout(note('it'), ms);
      await Promise.all([clock.advance(50), clock.advance(50), clock.advance(10)]);
      expect([clock.now(), diary]).toEqual([110, ['10: it', '60: it', '110: it']]);
    });

    it('goes on after a call that was rejected', async () => {
      const { clock } = clockAndDiary();
      clock.setTimeout(() => {
        throw new Error('thrown by a timer');
      }, 10);
      const [first, second] = await Promise.allSettled([clock.advance(50), clock.advance(50)]);
      expect([first.status, second.status, clock.now()]).toEqual(['rejected', 'fulfilled', 60]);
    });

    it.each([-1, NaN, Infinity])('by %d ms is refused', async (ms) => {
      const { clock } = clockAndDiary();
      await expect(clock.advance(ms)).rejects.toThrow(`A clock can't be advanced by ${String(ms)} ms`);
      await clock.advance(1);
      expect(clock.now()).toBe(1);
    });

    it.each([NaN, 2 ** 31, Infinity])('takes a delay of %d ms for 1 ms, as Node does', async (ms) => {
      const { clock, diary, note } = clockAndDiary();
      clock.setTimeout(note('odd'), ms);
      clock.setTimeout(note('longest'), 2 ** 31 - 1);
      await clock.advance(2 ** 31);
      expect(diary).toEqual(['1: odd', '2147483647: longest']);
    });

    it('does not run a timer that was taken back, if by the one before it', async () => {
      const { clock, diary, note } = clockAndDiary();
      clock.setTimeout(() => {
        clock.clearTimeout(second);
      }, 1);
      const second = clock.setTimeout(note('never'), 1);
      await clock.advance(5);
      expect(diary).toEqual([]);
    });

    it('lets everything settle between two timers: promises, ticks and deferred tasks', async () => {
      const { clock, diary, note } = clockAndDiary();
      clock.setTimeout(() => {
        void (async () => {
          for (let n = 0; n < 50; n += 1) await Promise.resolve();
          process.nextTick(() => {
            clock.defer(() => {
              queueMicrotask(() => {
                clock.defer(note('follows from the first'));
              });
            });
          });
        })();
      }, 1);
      clock.setTimeout(note('second'), 2);
      await clock.advance(2);
      expect(diary).toEqual(['1: follows from the first', '2: second']);
    });

    it('rejects with what a timer throws, and goes on after it', async () => {
      const { clock, diary, note } = clockAndDiary();
      clock.setTimeout(() => {
        throw new Error('thrown by a timer');
      }, 1);
      clock.setTimeout(note('after it'), 2);
      await expect(clock.advance(5)).rejects.toThrow('thrown by a timer');
      await clock.advance(5);
      expect(diary).toEqual(['2: after it']);
    });

    it.each([-1, NaN])('rejects %p', async (ms) => {
      const { clock } = clockAndDiary();
      await expect(clock.advance(ms)).rejects.toThrow(RangeError);
    });
  });

  describe('settled', () => {
    it('waits for a chain of deferred tasks, ticks and promises to its end', async () => {
      const { clock, diary, note } = clockAndDiary();
      const go = (left: number): void => {
        if (left === 0) note('the end')();
        else if (left % 3 === 0) process.nextTick(go, left - 1);
        else if (left % 3 === 1)
          void Promise.resolve().then(() =>
            Promise.resolve().then(() => {
              go(left - 1);
            }),
          );
        else
          clock.defer(() => {
            go(left - 1);
          });
      };
      go(1_000);
      await clock.settled();
      expect(diary).toEqual(['0: the end']);
    });

    it('comes at once when nothing is under way, and does not wait for timers', async () => {
      const { clock, diary, note } = clockAndDiary();
      clock.setTimeout(note('not yet'), 0);
      await clock.settled();
      expect(diary).toEqual([]);
    });

    it('rejects when something goes on for ever', async () => {
      const { clock } = clockAndDiary();
      let isOn = true;
      const again = (): void => {
        if (isOn) clock.defer(again);
      };
      again();
      await expect(clock.settled()).rejects.toThrow('something goes on for ever');
      isOn = false;
      await clock.settled();
    });
  });
});

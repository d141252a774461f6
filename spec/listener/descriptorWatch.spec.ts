import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DescriptorWatch } from '../../actors/listener/descriptorWatch';
import type { Descriptors } from '../../machines/events';
import { defaultHeadroom, descriptorHeadroom } from '../../machines/options/descriptorHeadroom';
import { InvalidOptionError } from '../../machines/vocabulary/errors';
import { check } from '../../machines/options/optionChecks';
import { SimulatedClock } from '../../server/testing/simulatedClock';

/** A watch over a process that has 20 open descriptors. */
class Process {
  readonly clock = new SimulatedClock();
  readonly heard: (readonly ['short' | 'spare', Descriptors])[] = [];
  readonly watch: DescriptorWatch;
  open: number | undefined = 20;
  looks = 0;

  constructor(limit: number | undefined, headroom?: number) {
    this.watch = new DescriptorWatch({
      headroom,
      clock: this.clock,
      listener: {
        short: (use) => this.heard.push(['short', use]),
        spare: (use) => this.heard.push(['spare', use]),
      },
      countOpen: () => {
        this.looks += 1;
        return this.open;
      },
      readLimit: () => limit,
    });
  }

  /** Accepts clients while there is room. The last one is turned away. Returns the number of clients that stay. */
  fill(most = Infinity, othersToo = 0): number {
    let clients = 0;
    for (; clients < most; clients += 1) {
      this.open = (this.open ?? 0) + 1 + othersToo;
      this.watch.onAccept();
      if (this.watch.isShort) {
        this.open -= 1;
        break;
      }
    }
    return clients;
  }

  close(count: number): void {
    this.open = (this.open ?? 0) - count;
  }
}

describe('A watch over descriptors', () => {
  it('leaves exactly the headroom to others', () => {
    const process = new Process(1_000, 100);
    expect(process.fill()).toBe(880);
    expect(process.open).toBe(900);
    expect(process.heard).toEqual([['short', { open: 901, limit: 1_000 }]]);
  });

  it('looks a few times on the way, not at each client', () => {
    const process = new Process(1_000_000, 100);
    expect(process.fill()).toBe(999_880);
    expect(process.looks).toBeLessThan(30);
  });

  it('never lets clients take the headroom, whatever the figures', () => {
    const figures = fc.record({
      limit: fc.integer({ min: 25, max: 5_000 }),
      headroom: fc.integer({ min: 1, max: 500 }),
    });
    fc.assert(
      fc.property(figures, ({ limit, headroom }) => {
        const process = new Process(limit, headroom);
        expect(process.fill()).toBe(Math.max(0, limit - 20 - headroom));
      }),
    );
  });

  it('is in time when others open as much as clients do', () => {
    const process = new Process(1_000, 100);
    process.fill(Infinity, 1);
    expect(process.open).toBeLessThanOrEqual(902);
    expect(process.open).toBeGreaterThanOrEqual(900);
  });

  it('sees what others have opened when a second has passed', async () => {
    const process = new Process(1_000, 100);
    process.fill(1);
    process.open = 950;
    await process.clock.advance(999);
    process.fill(1);
    expect(process.heard).toEqual([]);
    await process.clock.advance(1);
    process.fill(1);
    expect(process.heard).toEqual([['short', { open: 952, limit: 1_000 }]]);
  });

  it('holds no timer while there is room', () => {
    const process = new Process(1_000, 100);
    process.fill(500);
    expect(process.clock.pending).toBe(0);
  });

  describe('given that descriptors are short', () => {
    const short = (limit: number, headroom: number): Process => {
      const process = new Process(limit, headroom);
      process.fill();
      process.heard.length = 0;
      return process;
    };

    it('tells so once, and has one timer, however many more come', () => {
      const process = short(1_000, 100);
      const { looks } = process;
      for (let n = 0; n < 500; n += 1) process.watch.onAccept();
      expect(process.heard).toEqual([]);
      expect(process.looks).toBe(looks);
      expect(process.clock.pending).toBe(1);
    });

    it('looks four times a second', async () => {
      const process = short(1_000, 100);
      const { looks } = process;
      await process.clock.advance(10_000);
      expect(process.looks - looks).toBe(40);
      expect(process.heard).toEqual([]);
    });

    it('waits until an eighth more than the headroom is free', async () => {
      const process = short(1_000, 100);
      process.close(12);
      await process.clock.advance(1_000);
      expect(process.heard).toEqual([]);
      process.close(1);
      await process.clock.advance(249);
      expect(process.heard).toEqual([]);
      await process.clock.advance(1);
      expect(process.heard).toEqual([['spare', { open: 887, limit: 1_000 }]]);
      expect(process.watch.isShort).toBe(false);
      expect(process.clock.pending).toBe(0);
    });

    it('has its eyes open again afterwards', async () => {
      const process = short(1_000, 100);
      process.close(200);
      await process.clock.advance(250);
      expect(process.fill()).toBe(200);
      expect(process.heard.map(([what]) => what)).toEqual(['spare', 'short']);
    });

    it('says no more than the limit when it can only be counted that none is free', () => {
      const process = new Process(64, 16);
      process.open = Infinity;
      process.watch.onAccept();
      expect(process.heard).toEqual([['short', { open: 64, limit: 64 }]]);
    });

    it('is quiet once it was stopped', async () => {
      const process = short(1_000, 100);
      process.watch.stop();
      expect(process.clock.pending).toBe(0);
      process.close(500);
      await process.clock.advance(10_000);
      expect(process.heard).toEqual([]);
    });
  });

  it.each([
    ['the limit is unknown', undefined, undefined],
    ['there is no limit', Infinity, undefined],
    ['the headroom is 0', 64, 0],
  ])('does nothing when %s', (_, limit, headroom) => {
    const process = new Process(limit, headroom);
    expect(process.fill(1_000)).toBe(1_000);
    expect(process.looks).toBe(0);
    process.watch.stop();
  });

  it('turns nobody away for a count that is unknown', () => {
    const process = new Process(64);
    process.open = undefined;
    process.watch.onAccept();
    expect(process.looks).toBe(1);
    expect(process.heard).toEqual([]);
  });
});

describe('The option descriptorHeadroom', () => {
  it.each([
    [64, 16],
    [256, 16],
    [1_024, 52],
    [5_120, 256],
    [1_048_576, 256],
  ])('is chosen for a limit of %d: %d', (limit, headroom) => {
    expect(defaultHeadroom(limit)).toBe(headroom);
    expect(new Process(limit).fill()).toBe(limit - 20 - headroom);
  });

  it.each([0, 1, 1_000])('may be %d', (value) => {
    expect(() => {
      check({ descriptorHeadroom: value }, { descriptorHeadroom });
    }).not.toThrow();
  });

  it.each([-1, 1.5, NaN, Infinity, '16', null])('may not be %p', (value) => {
    expect(() => {
      check({ descriptorHeadroom: value }, { descriptorHeadroom });
    }).toThrow(InvalidOptionError);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Measurement } from '../../bench/bench';
import { chartOf } from '../../bench/chart';
import { resultsOf } from '../../bench/results';
import { scenarios, type Scenario } from '../../bench/scenarios';
import { spreadOf } from '../../bench/statistics';
import { markdownTable, textTable } from '../../bench/tables';

const scenario = (wanted: string): Scenario => {
  const found = scenarios.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`There is no scenario ${wanted}`);
  return found;
};

const measured = (
  name: string,
  server: Measurement['server'],
  values: number[],
  more: Partial<Measurement> = {},
): Measurement => ({ scenario: name, server, unit: 'µs', values, perSecond: [], ...more });

describe('A spread', () => {
  it.each([
    [[3, 1, 2], { median: 2, min: 1, max: 3 }],
    [[10, 1, 2, 4], { median: 3, min: 1, max: 10 }],
    [[7], { median: 7, min: 7, max: 7 }],
  ])('of %j', (values, spread) => {
    expect(spreadOf(values)).toEqual(spread);
  });
});

describe('The results of a scenario', () => {
  const results = resultsOf(scenario('ping-pong-64B'), [
    measured('ping-pong-64B', 'raw', [10, 12, 11], { perSecond: [100, 300, 200] }),
    measured('ping-pong-64B', 'transition', [12.1, 11, 14]),
    measured('ping-pong-64B', 'statechart', [16, 17, 18]),
    measured('ping-pong-64B', 'go', [5.5]),
  ]);

  it('relate medians to raw node:net, and know their bars', () => {
    expect(results.map(({ server, ratio, bar }) => [server, ratio?.toFixed(2), bar])).toEqual([
      ['raw', undefined, undefined],
      ['transition', '1.10', 1.1],
      ['statechart', '1.55', 1.35],
      ['go', '0.50', undefined],
    ]);
  });

  it('make a table that says which bar was missed, without columns that are empty', () => {
    expect(textTable(results)).toBe(
      [
        '  server                      CPU, µs    (min–max)  per second                    × raw',
        '  raw node:net                   11.0  (10.0–12.0)         200',
        '  ServerCore, fromTransition     12.1  (11.0–14.0)                      1.10 (bar 1.10)',
        '  ServerCore, statechart         17.0  (16.0–18.0)              1.55 (bar 1.35, missed)',
        '  net (Go)                       5.50  (5.50–5.50)                                 0.50',
      ].join('\n'),
    );
    expect(markdownTable(results).split('\n').slice(0, 3)).toEqual([
      '| server | CPU, µs | (min–max) | per second | × raw |',
      '| --- | ---: | ---: | ---: | ---: |',
      '| raw node:net | 11.0 | (10.0–12.0) | 200 |  |',
    ]);
  });

  it('make a chart with a bar for each server', () => {
    const chart = chartOf([scenario('ping-pong-64B')], results);
    expect(chart.match(/<rect class="(raw|ours|peer)"/g)).toEqual([
      '<rect class="raw"',
      '<rect class="ours"',
      '<rect class="ours"',
      '<rect class="peer"',
    ]);
    expect(chart).toContain('>64 B there and back, 50 connections</text>');
    expect(chart).toContain('>1.55</text>');
  });

  it('compare a cost among many with that among few, and with raw beside as many', () => {
    const beside = (server: Measurement['server'], live: number, value: number): Measurement =>
      measured('accept-close', server, [value], { live });
    const growth = resultsOf(scenario('accept-close'), [
      beside('raw', 10, 50),
      beside('raw', 10_000, 100),
      beside('statechart', 10, 150),
      beside('statechart', 10_000, 165),
    ]);
    expect(growth.map(({ ratio, growth: times, growthBar }) => [ratio, times, growthBar])).toEqual([
      [undefined, undefined, undefined],
      [undefined, 2, undefined],
      [3, undefined, undefined],
      [1.65, 1.1, 1.15],
    ]);
    expect(textTable(growth)).toContain('1.10 (bar 1.15)');
  });

  it('tell memory in KiB', () => {
    const memory = resultsOf(scenario('idle-memory'), [measured('idle-memory', 'raw', [3_072], { unit: 'bytes' })]);
    expect(textTable(memory)).toBe(
      '  server         memory          (min–max)\n  raw node:net  3.0 KiB  (3.0 KiB–3.0 KiB)',
    );
  });
});

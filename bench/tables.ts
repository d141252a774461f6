import { peers } from './peers';
import type { Result } from './results';

const labels: Readonly<Record<string, string>> = {
  raw: 'raw node:net',
  transition: 'ServerCore, fromTransition',
  callback: 'ServerCore, fromCallback',
  statechart: 'ServerCore, statechart',
  'statechart-after': 'ServerCore, statechart with an after',
  'transition-attached': 'the same, with an inspector',
  'transition-watched': 'the same, with a viewer',
  'statechart-attached': 'the same, with an inspector',
  'statechart-watched': 'the same, with a viewer',
  ...Object.fromEntries(peers.map(({ name, label }) => [name, label])),
};

/** The name of a server in tables and charts. */
export const labelOf = (server: Result['server']): string => labels[server] ?? server;

const count = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

function figure(value: number, unit: Result['unit']): string {
  if (unit === 'bytes') return `${(value / 1024).toFixed(1)} KiB`;
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}

const times = (ratio: number | undefined, bar: number | undefined): string => {
  if (ratio === undefined) return '';
  const verdict = bar === undefined ? '' : ` (bar ${bar.toFixed(2)}${ratio <= bar ? '' : ', missed'})`;
  return `${ratio.toFixed(2)}${verdict}`;
};

/** The results of a scenario in rows of text; the first one is the heading. */
function rowsOf(results: readonly Result[]): string[][] {
  const [first] = results;
  if (first === undefined) return [];
  const isToRaw = results.every(({ base = 'raw' }) => base === 'raw');
  const columns: [heading: string, cell: (result: Result) => string][] = [
    ['server', ({ server }) => labelOf(server)],
    ['beside', ({ live }) => (live === undefined ? '' : count.format(live))],
    [first.unit === 'bytes' ? 'memory' : 'CPU, µs', ({ spread: { median }, unit }) => figure(median, unit)],
    ['(min–max)', ({ spread: { min, max }, unit }) => `(${figure(min, unit)}–${figure(max, unit)})`],
    ['per second', ({ perSecond }) => (perSecond === undefined ? '' : count.format(perSecond))],
    [isToRaw ? '× raw' : '× unwatched', ({ ratio, bar }) => times(ratio, bar)],
    [`× beside ${String(first.live ?? '')}`, ({ growth, growthBar }) => times(growth, growthBar)],
  ];
  return (
    [columns.map(([heading]) => heading), ...results.map((result) => columns.map(([, cell]) => cell(result)))]
      // without the columns that are empty in all results
      .map((row, _, [, ...all]) => row.filter((_cell, n) => all.some((other) => other[n] !== '')))
  );
}

/** A table for a terminal, with aligned columns. */
export function textTable(results: readonly Result[]): string {
  const rows = rowsOf(results);
  const widths = (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  return rows
    .map((row) =>
      `  ${row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join('  ')}`.trimEnd(),
    )
    .join('\n');
}

/** A table in Markdown. */
export function markdownTable(results: readonly Result[]): string {
  const [heading = [], ...rows] = rowsOf(results);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = line(heading.map((_, n) => (n === 0 ? '---' : '---:')));
  return [line(heading), rule, ...rows.map(line)].join('\n');
}

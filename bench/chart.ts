import type { Result } from './results';
import type { Scenario } from './scenarios';
import { labelOf } from './tables';

const width = 860;
const labelWidth = 210;
const barHeight = 15;
const gap = 6;
const headHeight = 34;

const style = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .raw { fill: #8c959f } .ours { fill: #2f81f7 } .peer { fill: #bc8cff }
  .unit { stroke: #8c959f; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }`;

const kindOf = ({ server, bar }: Result): string => (server === 'raw' ? 'raw' : bar === undefined ? 'peer' : 'ours');

/** Draws the server's CPU for each operation as a multiple of raw `node:net`'s. Each scenario is a group of bars. */
export function chartOf(scenarios: readonly Scenario[], results: readonly Result[]): string {
  const groups = scenarios.map(({ name, title }) => ({
    title,
    bars: results
      .filter(({ scenario }) => scenario === name)
      .map((result) => ({ result, ratio: result.server === 'raw' ? 1 : (result.ratio ?? 0) })),
  }));
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ ratio }) => ratio)));
  const scale = (width - labelWidth - 60) / most;
  const lines: string[] = [];
  let y = 10;
  for (const { title, bars } of groups) {
    lines.push(`<text class="title" x="0" y="${String(y + 14)}">${title}</text>`);
    const top = y + headHeight - 8;
    y = top;
    for (const { result, ratio } of bars) {
      const length = (ratio * scale).toFixed(1);
      const base = String(y + barHeight - 3);
      lines.push(
        `<text x="${String(labelWidth - 8)}" y="${base}" text-anchor="end">${labelOf(result.server)}</text>`,
        `<rect class="${kindOf(result)}" x="${String(labelWidth)}" y="${String(y)}" width="${length}" height="${String(barHeight)}" rx="2"/>`,
        `<text x="${(labelWidth + ratio * scale + 6).toFixed(1)}" y="${base}">${ratio.toFixed(2)}</text>`,
      );
      y += barHeight + gap;
    }
    const x = (labelWidth + scale).toFixed(1);
    lines.push(`<line class="unit" x1="${x}" x2="${x}" y1="${String(top - 4)}" y2="${String(y - 2)}"/>`);
    y += 16;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(y)}" role="img">`,
    '<title>Server CPU for each operation, as a multiple of raw node:net</title>',
    `<style>${style}\n</style>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}

import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { Bench } from './bench';
import { chartOf } from './chart';
import type { Result } from './results';
import { scenarios } from './scenarios';
import { markdownTable } from './tables';

const docs = join(__dirname, '..', 'docs');

/** A line about the machine and the versions of a run: figures of different machines can't be compared. */
function conditions(results: readonly Result[], { peers }: Bench): string {
  const [cpu] = cpus();
  const measured = [...peers].filter(([peer]) => results.some(({ server }) => server === peer));
  const versions = [`Node.js ${process.versions.node}`, ...measured.map(([, { version }]) => version)];
  const machine = `${String(cpus().length)} cores of ${cpu?.model ?? 'an unknown CPU'}`;
  return `${new Date().toISOString().slice(0, 10)}, ${machine}; ${versions.join(', ')}; medians of ${String(results[0]?.rounds)} rounds.`;
}

/** Writes results into their places in `docs/performance.md`. A run with all results of the chart draws that, too. */
export async function writePage(results: readonly Result[], bench: Bench): Promise<void> {
  const page = join(docs, 'performance.md');
  let text = await readFile(page, 'utf8');
  for (const { name } of scenarios) {
    const own = results.filter(({ scenario }) => scenario === name);
    if (own.length === 0) continue;
    const place = new RegExp(`(<!-- ${name} -->)[^]*?(<!-- end -->)`);
    if (!place.test(text)) throw new Error(`docs/performance.md has no place for ${name}`);
    text = text.replace(place, (_, begin: string, end: string) =>
      [begin, '', markdownTable(own), '', conditions(own, bench), '', end].join('\n'),
    );
  }
  await writeFile(page, await format(text, { ...(await resolveConfig(page)), parser: 'markdown' }));
  const charted = scenarios.filter(({ measures, withPeers }) => measures === 'cpu' && withPeers);
  if (charted.every(({ name }) => results.some(({ scenario }) => scenario === name))) {
    await writeFile(join(docs, 'performance.svg'), chartOf(charted, results));
  }
}

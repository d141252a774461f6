import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { staleDiagrams, writeDiagrams } from '../../scripts/diagrams';
import { root } from '../support/root';

describe('The diagrams in README.md and docs/', () => {
  let copy: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'serverchart-diagrams-'));
    mkdirSync(join(copy, 'docs'));
    for (const name of ['README.md', 'docs/diagrams.md', 'docs/diagrams', 'docs/state-event-tables.md']) {
      cpSync(join(root, name), join(copy, name), { recursive: true });
    }
  });

  afterEach(() => {
    rmSync(copy, { recursive: true });
  });

  const change = (name: string, from: string, to: string): void => {
    const file = join(copy, name);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
  };

  it('are what the charts are now', async () => {
    expect(await staleDiagrams(root)).toEqual([]);
  }, 60_000);

  it('are found to be stale when they are not, and are mended', async () => {
    change('README.md', 'starting --> listening', 'starting --> draining');
    change('docs/diagrams/connection.svg', 'flowing', 'flooding');
    rmSync(join(copy, 'docs/diagrams/singleServer.svg'));
    const changed = ['README.md', 'docs/diagrams/connection.svg', 'docs/diagrams/singleServer.svg'];
    expect(await staleDiagrams(copy)).toEqual(changed.map((name) => join(copy, name)));
    await writeDiagrams(copy);
    for (const name of changed) expect(readFileSync(join(copy, name))).toEqual(readFileSync(join(root, name)));
  }, 60_000);

  it('have a place in the README, or the script says so', async () => {
    change('README.md', '<!-- end diagrams -->', '');
    await expect(staleDiagrams(copy)).rejects.toThrow('README.md has no place for the diagrams');
  });
});

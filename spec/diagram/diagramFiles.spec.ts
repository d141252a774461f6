import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { staleDiagrams, writeDiagrams } from '../../scripts/diagrams';
import { root } from '../support/root';

describe('The diagrams in docs/', () => {
  let copy: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'serverchart-diagrams-'));
    mkdirSync(join(copy, 'docs'));
    for (const name of ['docs/diagrams.md', 'docs/diagrams', 'docs/state-event-tables.md']) {
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
    change('docs/state-event-tables.md', '→ closed', '→ open');
    change('docs/diagrams/connection.svg', 'flowing', 'flooding');
    rmSync(join(copy, 'docs/diagrams/singleServer.svg'));
    const changed = ['docs/state-event-tables.md', 'docs/diagrams/connection.svg', 'docs/diagrams/singleServer.svg'];
    expect(await staleDiagrams(copy)).toEqual(changed.map((name) => join(copy, name)));
    await writeDiagrams(copy);
    for (const name of changed) expect(readFileSync(join(copy, name))).toEqual(readFileSync(join(root, name)));
  }, 60_000);

  it('show all that a chart does: no text is cut off', () => {
    const names = readdirSync(join(root, 'docs/diagrams'));
    expect(names.sort()).toEqual(['connection.svg', 'serverCore.svg', 'singleServer.svg', 'tcpClient.svg']);
    for (const name of names) expect(readFileSync(join(root, 'docs/diagrams', name), 'utf8')).not.toContain('…');
  });
});

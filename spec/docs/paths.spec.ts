import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/root';

const folders = ['machines', 'actors', 'server', 'spec', 'scripts', 'bench', 'examples', 'docs'];

/** Every file and folder of the project, relative to the root. Folders also appear with a slash at the end. */
const ours = folders.flatMap((folder) => [
  folder,
  ...readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).map((entry) =>
    join(entry.parentPath, entry.name).slice(root.length + 1).replaceAll('\\', '/'),
  ),
]);
const isThere = new Set(ours);
const source = /\.(ts|mjs|cjs|css|html)$/;

/** The texts to check: whole pages, and comments in sources. Old entries of the changelog are about old files. */
function textOf(file: string): string {
  const text = readFileSync(join(root, file), 'utf8');
  return source.test(file) ? (text.match(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm) ?? []).join('\n') : text;
}

const texts = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'eslint.config.mjs', '.dependency-cruiser.cjs', 'jest.config.ts'],
  ...ours.filter((path) => source.test(path) || path.endsWith('.md')),
];

/** Matches what looks like a path from the root: `actors/socket/tls/`, `spec/charts/chartPaths*.spec.ts`. */
const paths = new RegExp(`(?<![\\w./@-])(?:${folders.join('|')})/[\\w*][\\w./*-]*`, 'g');

/** Texts that look like a path, but aren't: the path of an actor, and an argument that begins with `bench/`. */
const others: ReadonlySet<string> = new Set(['server/connections/connection', 'server/main']);

function exists(path: string): boolean {
  const plain = path.replace(/[./]+$/, '');
  if (!plain.includes('*')) return isThere.has(plain);
  const pattern = new RegExp(`^${plain.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
  return ours.some((file) => pattern.test(file));
}

const named = texts
  .flatMap((file) => [...textOf(file).matchAll(paths)].map(([path]) => ({ file, path })))
  .filter(({ path }) => !others.has(path));

describe('A path that a comment or a page names', () => {
  it('is found', () => {
    expect(named.length).toBeGreaterThan(100);
    expect(named).toContainEqual({ file: 'README.md', path: 'docs/protocols.md' });
    expect(named).toContainEqual({ file: 'docs/lifecycle.md', path: 'machines/events.ts' });
    expect(named).toContainEqual({ file: 'machines/options/timeLimits.ts', path: 'actors/socket/timeouts/sweep.ts' });
  });

  it('exists', () => {
    expect(named.filter(({ path }) => !exists(path)).map(({ file, path }) => `${file}: ${path}`)).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pages, readPage } from '../support/pages';
import { root } from '../support/root';

/** A page without its blocks of code. */
const textOf = (page: string): string => readPage(page).replace(/^```[^]*?^```$/gm, '');

interface Link {
  readonly page: string;
  readonly written: string;
  /** The file, from the root. */
  readonly file: string;
  readonly anchor: string | undefined;
}

/** The links of a page to files and headings of ours: `[…](…)`, and the pictures in HTML. */
function linksOf(page: string): Link[] {
  const text = textOf(page).replace(/`[^`\n]*`/g, '');
  const written = [...text.matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"]+)"/g)].map(
    ([, markdown = '', html = '']) => markdown || html,
  );
  return written
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? page : posix.join(posix.dirname(page), path);
      return { page, written: link, file, anchor };
    });
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of textOf(page).matchAll(/^#+ +(.*)$/gm)) {
    const plain = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = plain;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${plain}-${String(again)}`;
    anchors.add(anchor);
  }
  return anchors;
}

const links = pages.flatMap(linksOf);
const inWords = ({ page, written }: Link): string => `${page}: ${written}`;

describe('The links of README.md, SECURITY.md, CHANGELOG.md, CONTRIBUTING.md and docs/', () => {
  it('are found', () => {
    expect(links.length).toBeGreaterThan(40);
    expect(links.map(({ written }) => written)).toEqual(
      expect.arrayContaining(['docs/inspector-dark.png', 'docs/inspector-light.png', 'lifecycle.md#the-options']),
    );
  });

  it('lead to files that there are', () => {
    expect(links.filter(({ file }) => !existsSync(join(root, file))).map(inWords)).toEqual([]);
  });

  it('lead to headings that there are', () => {
    const lost = links.filter(
      ({ file, anchor }) => anchor !== undefined && !(file.endsWith('.md') && anchorsOf(file).has(anchor)),
    );
    expect(lost.map(inWords)).toEqual([]);
  });

  it('lead to files of the package, when the page is one', () => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const [packed] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', shell: true })) as [
      { readonly files: readonly { readonly path: string }[] },
    ];
    const files = new Set(packed.files.map(({ path }) => path));
    expect(pages.filter((page) => !files.has(page))).toEqual(['CONTRIBUTING.md']);
    expect(links.filter(({ page, file }) => files.has(page) && !files.has(file)).map(inWords)).toEqual([]);
  });
});

describe('README.md', () => {
  it('has 200 lines at most', () => {
    expect(readPage('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(200);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root';

/** The paths of the documentation's pages, relative to the root. */
export const pages: readonly string[] = [
  ...['README.md', 'SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export const readPage = (page: string): string => readFileSync(join(root, page), 'utf8');

/** The code blocks of a language in a page. Blocks without a language show terminals: what is typed, and the output. */
export const blocksIn = (page: string, language = ''): string[] =>
  [...readPage(page).matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap(([, of, text = '']) =>
    of === language ? [text] : [],
  );

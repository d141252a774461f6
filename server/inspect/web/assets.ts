import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join, parse } from 'node:path';
import type * as TypeScript from 'typescript';
import { chartStyle } from '../../diagram/chartStyle';

/** A file of the inspector's pages. */
export interface Asset {
  readonly contentType: string;
  /** The content, ready for the browser. */
  readonly text: () => string;
}

const contentTypes = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  module: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/**
 * The files of the inspector's pages, by the path under which each is served. The path of `index.html` is empty;
 * other pages and modules have their file's name without its extension, since modules import each other so: `./store`
 * is `store.ts`.
 *
 * The map is complete. A path that a browser sends is looked up in it and nowhere else.
 * @param stately - the URL of the Stately Inspector, for the page that talks to it
 */
export function pageAssets(stately: string): ReadonlyMap<string, Asset> {
  const folder = join(__dirname, '..', 'page');
  const assets = new Map<string, Asset>();
  for (const file of readdirSync(folder)) {
    const { name, ext } = parse(file);
    const read = (): string => readFileSync(join(folder, file), 'utf8');
    if (ext === '.html') assets.set(name === 'index' ? '' : name, { contentType: contentTypes.html, text: once(read) });
    if (ext === '.css') assets.set(file, { contentType: contentTypes.css, text: once(read) });
    if (ext === extname(__filename)) {
      const text = once(ext === '.ts' ? () => javascriptOf(read()) : read);
      assets.set(name, { contentType: contentTypes.module, text });
    }
  }
  assets.set('chart.css', { contentType: contentTypes.css, text: () => chartStyle });
  assets.set('stately.json', { contentType: contentTypes.json, text: () => JSON.stringify({ url: stately }) });
  return assets;
}

function once(make: () => string): () => string {
  let made: string | undefined;
  return () => (made ??= make());
}

/** For a checkout, where nothing was built. A checkout has the compiler. */
function javascriptOf(source: string): string {
  const { transpileModule, ModuleKind, ScriptTarget } = createRequire(__filename)('typescript') as typeof TypeScript;
  const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2023 };
  return transpileModule(source, { compilerOptions }).outputText;
}

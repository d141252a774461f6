import { afterEach, expect } from '@jest/globals';
import { chromium, type Browser, type Frame, type Page } from 'playwright-core';
import { atEnd } from '../../support/fixtures';

/** A browser for one spec, closed after the spec. */
async function launch(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'];
  if (executablePath === undefined) throw new Error('The variable CHROMIUM is missing: npm run test:browser sets it.');
  const browser = await chromium.launch({ executablePath });
  atEnd(() => browser.close());
  return browser;
}

const faults: string[] = [];

// a page that has complained about anything fails its spec
afterEach(() => {
  const found = faults.splice(0);
  if (found.length > 0) throw new Error(`The page complained:\n${found.join('\n')}`);
});

/** Takes out the complaints that a spec has provoked. There must be at least one. */
export function expectFaults(pattern: RegExp): void {
  const others = faults.filter((fault) => !pattern.test(fault));
  expect(others.length).toBeLessThan(faults.length);
  faults.splice(0, Infinity, ...others);
}

/** Opens a page in a browser of its own. Script errors, refusals of the content policy and missing files are noted. */
export async function browse(url: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const browser = await launch();
  const page = await browser.newPage(options);
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => faults.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`${message.text()} (${message.location().url})`);
  });
  await page.goto(url);
  return page;
}

/**
 * Waits until an expression is true in a page. Playwright's waitForFunction can't be used: it needs `eval`, which our
 * content policy forbids.
 */
export async function until(page: Page | Frame, expression: string): Promise<void> {
  const since = performance.now();
  while ((await page.evaluate(expression)) !== true) {
    if (performance.now() - since > 30_000) throw new Error(`This never came true: ${expression}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

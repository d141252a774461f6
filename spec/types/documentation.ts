import { describe, expect, it } from '@jest/globals';
import { asModule, isOrder, orderFile, programPages, programs, programsIn } from '../support/documentation';
import { Snippets } from './snippets';

/** Replaces imports of the package with imports of its sources. */
const toSources = (code: string): string =>
  code
    .replace(/'serverchart(\/inspect|\/log|\/metrics|\/testing)?'/g, "'../../server$1/index'")
    .replace("'serverchart/testing/jest-globals'", "'../../server/testing/matchers/jestGlobals'")
    .replace(`'${orderFile}'`, "'./order'");

/** Appended to the order block, so that the importing block finds its default export. The block never runs here. */
const defaultOfOrder = 'declare const ran: Awaited<ReturnType<typeof block>>; export default ran.default;\n';

const snippets = new Snippets();
const compiled = programs.map((code) =>
  isOrder(code)
    ? snippets.add(toSources(asModule(code)) + defaultOfOrder, 'order')
    : snippets.add(toSources(asModule(code))),
);

describe('The blocks of TypeScript in the documentation', () => {
  it('are all found', () => {
    expect(Object.fromEntries(Object.keys(programPages).map((page) => [page, programsIn(page).length]))).toEqual(
      programPages,
    );
  });

  it('compile as they stand', () => {
    expect(compiled.flatMap((complaints) => complaints())).toEqual([]);
  });
});

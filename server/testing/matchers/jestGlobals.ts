/** The matchers for the `expect` of `@jest/globals`, with their types: `import 'serverchart/testing/jest-globals'`. */
import { expect } from '@jest/globals';
import { matchers, type ScenarioMatchers } from './matchers';

expect.extend(matchers);

declare module 'expect' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- as declared there
  interface Matchers<R extends void | Promise<void>, T = unknown> extends ScenarioMatchers<R> {}
}

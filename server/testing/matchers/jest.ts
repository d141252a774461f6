/** The matchers for jest's global `expect`, with their types: `setupFilesAfterEnv: ['serverchart/testing/jest']`. */
import { expect } from '@jest/globals';
import { matchers, type ScenarioMatchers } from './matchers';

expect.extend(matchers);

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- where @types/jest has them
  namespace jest {
    // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- as declared there
    interface Matchers<R, T = {}> extends ScenarioMatchers<R> {}
  }
}

import type { StateValue } from 'xstate';
import { inState, withConnections, withEmitted, type PartialEvent } from './checks';

/**
 * What `expect` understands beyond its own, once it was told: `expect.extend(matchers)` in jest or vitest. In jest,
 * `serverchart/testing/jest` and `serverchart/testing/jest-globals` do that, with the types.
 */
export const matchers = {
  toBeInState: inState,
  toHaveConnections: withConnections,
  toHaveEmitted: withEmitted,
};

/** The types of {@link matchers}, for `expect` to extend. */
export interface ScenarioMatchers<TResult> {
  /** Of an actor, or of something that holds one: it is in this state, or in a state within it. */
  toBeInState(expected: StateValue): TResult;
  /** Of a scenario: its servers have so many connections, each with its handler. */
  toHaveConnections(expected: number): TResult;
  /** Of a scenario or a handler under test: an event of this type was emitted, with, among others, these values. */
  toHaveEmitted(expected: PartialEvent): TResult;
}

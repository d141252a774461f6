import type { StateValue } from 'xstate';
import { inState, withConnections, withEmitted, type PartialEvent } from './checks';

/**
 * Matchers for `expect`: `expect.extend(matchers)` adds them, in jest and in vitest. In jest,
 * `serverchart/testing/jest` and `serverchart/testing/jest-globals` add them with their types.
 */
export const matchers = {
  toBeInState: inState,
  toHaveConnections: withConnections,
  toHaveEmitted: withEmitted,
};

/** The types of {@link matchers}, for `expect` to extend. */
export interface ScenarioMatchers<TResult> {
  /** For an actor, or a thing that has one: the actor is in this state, or in a state within that. */
  toBeInState(expected: StateValue): TResult;
  /** For a scenario: its servers have so many connections, each with its handler. */
  toHaveConnections(expected: number): TResult;
  /** For a scenario or a handler under test: an event of this type, with these values (or more), was emitted. */
  toHaveEmitted(expected: PartialEvent): TResult;
}

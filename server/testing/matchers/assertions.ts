import type { StateValue } from 'xstate';
import { ScenarioError } from '../scenario/scenarioError';
import {
  inState,
  withConnections,
  withEmitted,
  type Check,
  type Connected,
  type Emitter,
  type PartialEvent,
  type Stateful,
} from './checks';

/**
 * Asserts that an actor is in a state, or in a state within that.
 * @throws {@link ScenarioError} when the actor isn't
 */
export function assertInState(stateful: Stateful, expected: StateValue): void {
  demand(inState(stateful, expected));
}

/**
 * Asserts that a scenario's servers have so many connections, each with its handler.
 * @throws {@link ScenarioError} when they have more or less
 */
export function assertConnections(s: Connected, expected: number): void {
  demand(withConnections(s, expected));
}

/**
 * Asserts that a scenario's root, or a handler under test, has emitted an event of this type with these values. The
 * event may have other values besides.
 * @throws {@link ScenarioError} when there was no such event
 */
export function assertEmitted(emitter: Emitter, expected: PartialEvent): void {
  demand(withEmitted(emitter, expected));
}

function demand({ pass, message }: Check): void {
  if (!pass) throw new ScenarioError(message());
}

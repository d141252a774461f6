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
 * An actor is in a state, or in a state within it.
 * @throws {@link ScenarioError} when it isn't
 */
export function assertInState(stateful: Stateful, expected: StateValue): void {
  demand(inState(stateful, expected));
}

/**
 * A scenario's servers have so many connections, each with its handler.
 * @throws {@link ScenarioError} when they have more or less
 */
export function assertConnections(s: Connected, expected: number): void {
  demand(withConnections(s, expected));
}

/**
 * A scenario's root, or a handler under test, has emitted an event of this type with, among others, these values.
 * @throws {@link ScenarioError} when it hasn't
 */
export function assertEmitted(emitter: Emitter, expected: PartialEvent): void {
  demand(withEmitted(emitter, expected));
}

function demand({ pass, message }: Check): void {
  if (!pass) throw new ScenarioError(message());
}

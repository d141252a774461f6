import type { InspectedMicrostepEvent, TransitionDefinition } from 'xstate';
import { has } from './internals';
import { unsupportedXState } from './unsupportedXState';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Transitions = readonly TransitionDefinition<any, any>[];

/**
 * The transitions that a microstep has taken, as XState reports them to an inspector. Where XState has no
 * `_transitions` there are none: then an inspector shows which states a chart enters, but not by which transitions.
 */
export const transitionsOf: (microstep: Pick<InspectedMicrostepEvent, '_transitions'>) => Transitions = has._transitions
  ? ({ _transitions }) => _transitions
  : () => [];

/**
 * Throws where {@link transitionsOf} finds nothing. For features that make no sense without transitions.
 * @param what - what can't be done then
 * @throws {@link ServerchartError} `ERR_XSTATE_VERSION` where XState doesn't report which transitions it takes
 */
export function requireTransitions(what: string): void {
  if (!has._transitions) throw unsupportedXState(`${what}: XState doesn't tell which transitions it takes`);
}

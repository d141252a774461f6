import type { AnyActorLogic, EventObject } from 'xstate';
import { ServerchartError } from '../../machines/vocabulary/errors';
import type { LogicFor } from '../../machines/vocabulary/logic';
import { graphline, type Linkage } from './graphline';

/**
 * Kamaelia's Pipeline: components in a row, as one component. Each one's `outbox` is linked to the next one's `inbox`,
 * and its `signal` to the next one's `control`; the pipeline's own `inbox` and `control` lead to the first, the last
 * one's `outbox` and `signal` out.
 *
 * The components are children `1`, `2`, …; each gets the pipeline's own input as its input. See {@link graphline} for
 * when it ends.
 *
 * @example
 * ```ts
 * createServerCore({ protocol: pipeline(lines, upperCase, join) });
 * ```
 */
export function pipeline(...components: readonly AnyActorLogic[]): LogicFor<EventObject, unknown> {
  if (components.length === 0) throw new ServerchartError('ERR_INVALID_COMPONENT', 'A pipeline needs a component');
  const names = ['self', ...components.map((_, index) => String(index + 1)), 'self'];
  const linkages = names.slice(1).flatMap((to, index): Linkage<string>[] => {
    const from = names[index] ?? 'self';
    // data and end-of-data go in at `inbox` and `control`, out at `outbox` and `signal`
    const [data, end] = from === 'self' ? ['inbox', 'control'] : ['outbox', 'signal'];
    return to === 'self'
      ? [
          [from, data, to, 'outbox'],
          [from, end, to, 'signal'],
        ]
      : [
          [from, data, to, 'inbox'],
          [from, end, to, 'control'],
        ];
  });
  return graphline({
    components: Object.fromEntries(components.map((component, index) => [String(index + 1), component])),
    linkages,
  });
}

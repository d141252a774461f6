import type { AnyActorLogic, EventObject } from 'xstate';
import { ServerchartError } from '../../machines/vocabulary/errors';
import type { LogicFor } from '../../machines/vocabulary/logic';
import { graphline, type Linkage } from './graphline';

/**
 * Kamaelia's Pipeline: components in a row, as one component. Each component's `outbox` is linked to the next one's
 * `inbox`, and its `signal` to the next one's `control`. The pipeline's `inbox` and `control` lead to the first
 * component; the last component's `outbox` and `signal` lead out of the pipeline.
 *
 * The components are the children `1`, `2`, …; each gets the pipeline's input as its own input. A pipeline ends as a
 * {@link graphline} does.
 *
 * @throws {@link ServerchartError} `ERR_INVALID_COMPONENT` for a component that isn't actor logic, and for none at all
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
    // data goes in at `inbox` and out at `outbox`; its end goes in at `control` and out at `signal`
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

/**
 * What both servers do about their listener: where it listens, how it fails, its certificates. Each chart names these
 * functions in its `setup`, so that the chart reads the same and the work is written once.
 */
import type { ErrorActorEvent, EventObject } from 'xstate';
import type { ServerContext } from './context/serverContext';
import type { ServerEmitted, TlsReload } from './events';
import type { ResolvedServerOptions } from './options/resolveOptions';
import { mayRestart, recentFailures } from './options/restart';
import { eventOf, type ServerEnqueue, type ServerStep } from './serverStep';
import type { ListenError } from './vocabulary/errors';

/** The listener listens: the server keeps where, and tells. */
export function noteAddress(step: ServerStep & ServerEnqueue): void {
  const { address } = eventOf(step, '_listener.listening');
  step.enqueue.assign({ address });
  step.enqueue.emit({ type: 'server.listening', ...address });
}

/** The listener has failed, and there is no other chance: the server is about to end in this error. */
export const failed = (step: ServerStep): ServerEmitted => ({
  type: 'server.failed',
  error: eventOf(step, '_listener.failed').error,
});

/** Whether the server survives this failure of its listener. */
export const survivesFailure = (step: ServerStep): boolean =>
  step.event.type === '_listener.failed' && mayRestart(step.context, eventOf(step, '_listener.failed').at);

/** The failures that count from now on, this one among them. */
export function withFailure(step: ServerStep): Pick<ServerContext, 'failures'> {
  const failure = eventOf(step, '_listener.failed');
  return { failures: [...recentFailures(step.context, failure.at), failure] };
}

/** Whether the listener has ended in a failure that the server survives, as {@link survivesFailure} has found before. */
export const hasAnotherChance = ({ context, event }: ServerStep): boolean =>
  'error' in event && context.failures.at(-1)?.error === event.error;

/** The listener has ended, and the next one takes its place. */
export const restarting = ({ event }: { readonly event: EventObject }): ServerEmitted => ({
  type: 'server.restarting',
  error: (event as ErrorActorEvent).error as ListenError,
});

/** The listener could not accept a client. */
export const acceptFailed = (step: ServerStep): ServerEmitted => ({
  type: 'connection.rejected',
  reason: 'acceptFailed',
  error: eventOf(step, '_listener.acceptFailed').error,
});

/** What the listener is told: other TLS options. */
export const tlsReload = (step: ServerStep): TlsReload => eventOf(step, 'control.tlsReload');

/** The options with the listener's new TLS options, for the listener that takes its place one day. */
export const withTls = <TOptions extends ResolvedServerOptions>(
  step: ServerStep<ServerContext & { readonly options: TOptions }>,
): { options: TOptions } => ({
  options: { ...step.context.options, tls: eventOf(step, '_listener.tlsReloaded').options },
});

/** The new TLS options are no good. */
export const tlsReloadFailed = (step: ServerStep): ServerEmitted => ({
  type: 'server.tlsReloadFailed',
  error: eventOf(step, '_listener.tlsReloadFailed').error,
});

/**
 * What both servers do with their listener: they note where it listens, survive its failures, and change its
 * certificates. Both charts call these functions in their `setup`, so the work is written once.
 */
import type { ErrorActorEvent, EventObject } from 'xstate';
import type { ServerContext } from './context/serverContext';
import type { ServerEmitted, TlsReload } from './events';
import type { ResolvedServerOptions } from './options/resolveOptions';
import { mayRestart, recentFailures } from './options/restart';
import { eventOf, type ServerEnqueue, type ServerStep } from './serverStep';
import type { ListenError } from './vocabulary/errors';

/** Keeps the address that the listener listens on, and emits it. */
export function noteAddress(step: ServerStep & ServerEnqueue): void {
  const { address } = eventOf(step, '_listener.listening');
  step.enqueue.assign({ address });
  step.enqueue.emit({ type: 'server.listening', ...address });
}

/** The event for a failure of the listener that ends the server: the server ends in the same error. */
export const failedEvent = (step: ServerStep): ServerEmitted => ({
  type: 'server.failed',
  error: eventOf(step, '_listener.failed').error,
});

/** Whether the server survives this failure of its listener (see the option `restart`). */
export const survivesFailure = (step: ServerStep): boolean =>
  step.event.type === '_listener.failed' && mayRestart(step.context, eventOf(step, '_listener.failed').at);

/** The failures that count from now on. The present failure is the last of them. */
export function withFailure(step: ServerStep): Pick<ServerContext, 'failures'> {
  const failure = eventOf(step, '_listener.failed');
  return { failures: [...recentFailures(step.context, failure.at), failure] };
}

/**
 * Whether the listener has ended in the error of a failure that {@link survivesFailure} has allowed and {@link
 * withFailure} has kept.
 */
export const hasAnotherChance = ({ context, event }: ServerStep): boolean =>
  'error' in event && context.failures.at(-1)?.error === event.error;

/** The event for a listener that has failed and gets a successor. */
export const restartingEvent = ({ event }: { readonly event: EventObject }): ServerEmitted => ({
  type: 'server.restarting',
  error: (event as ErrorActorEvent).error as ListenError,
});

/** The event for a client that the listener could not accept. */
export const acceptFailedEvent = (step: ServerStep): ServerEmitted => ({
  type: 'connection.rejected',
  reason: 'acceptFailed',
  error: eventOf(step, '_listener.acceptFailed').error,
});

/** The event that gives the listener other TLS options. */
export const tlsReloadEvent = (step: ServerStep): TlsReload => eventOf(step, 'control.tlsReload');

/** The server's options with the TLS options that the listener uses now. The next listener gets them too. */
export const withTls = <TOptions extends ResolvedServerOptions>(
  step: ServerStep<ServerContext & { readonly options: TOptions }>,
): { options: TOptions } => ({
  options: { ...step.context.options, tls: eventOf(step, '_listener.tlsReloaded').options },
});

/** The event for TLS options that the listener could not use. */
export const tlsReloadFailedEvent = (step: ServerStep): ServerEmitted => ({
  type: 'server.tlsReloadFailed',
  error: eventOf(step, '_listener.tlsReloadFailed').error,
});

/** Which options may change while a server runs, and how. */
import { InvalidOptionError } from '../vocabulary/errors';
import { check, entriesOf } from './optionChecks';
import type { ServerCoreOptions } from './options';
import { checkTogether, serverCoreChecks, type ResolvedServerCoreOptions } from './resolveOptions';
import { invalidTls } from './tlsOptions';

const configurable = [
  'maxConnections',
  'maxConnectionsPerPeer',
  'nearCapacity',
  'acceptRate',
  'allow',
  'deny',
  'whenBusy',
  'busyReply',
  'maxQueued',
  'handlerStartTimeout',
  'openTimeout',
  'idleTimeout',
  'minReceiveRate',
  'maxConnectionDuration',
  'writeTimeout',
  'maxBufferedBytes',
  'lingerTimeout',
  'shutdownTimeout',
  'drainStagger',
] as const satisfies readonly (keyof ServerCoreOptions)[];

/**
 * The options that `control.configure` takes: limits. Where to listen, and which protocol handles the connections,
 * stay as they are.
 */
export type ConfigurableOptions = Pick<ServerCoreOptions, (typeof configurable)[number]>;

const checks = Object.fromEntries(
  Object.entries(serverCoreChecks).filter(([name]) => (configurable as readonly string[]).includes(name)),
);

/** @throws {@link InvalidOptionError} for an option that a server has, but that can't change while the server runs */
function checkConfigurable(changes: unknown): void {
  for (const [name, value] of entriesOf(changes) ?? []) {
    if (name === 'tls') throw invalidTls('left out: control.tlsReload changes it');
    if (Object.hasOwn(serverCoreChecks, name) && !Object.hasOwn(checks, name)) {
      throw new InvalidOptionError(name, value, "left out: it can't change while a server runs");
    }
  }
}

/** The options with the changes in them. A change that is undefined leaves its option as it was. */
export const reconfigure = (
  options: ResolvedServerCoreOptions,
  changes: ConfigurableOptions,
): ResolvedServerCoreOptions => ({
  ...options,
  ...Object.fromEntries(Object.entries<unknown>(changes).filter(([, value]) => value !== undefined)),
});

/**
 * Checks changes by the same rules as the options at the start.
 * @throws {@link InvalidOptionError}
 */
export function checkChanges(options: ResolvedServerCoreOptions, changes: ConfigurableOptions): void {
  checkConfigurable(changes);
  check(changes, checks);
  checkTogether(reconfigure(options, changes));
}

/** The error in the changes; undefined when they are good. */
export function configureError(
  options: ResolvedServerCoreOptions,
  changes: ConfigurableOptions,
): InvalidOptionError | undefined {
  try {
    checkChanges(options, changes);
    return undefined;
  } catch (error) {
    return error as InvalidOptionError;
  }
}

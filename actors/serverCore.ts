import { serverCoreMachine } from '../machines/serverCoreMachine';
import { connections } from './registry/connections';
import { tableDriven } from './xstate/tableDriven';
import { tcpListener } from './listener/tcpListener';

/**
 * Kamaelia's ServerCore, to embed: invoke or spawn it in a machine of your own, with {@link ServerCoreOptions} as its
 * input. Its output is a {@link ServerSummary}. When the port can't be had, the server ends in a {@link ListenError}.
 *
 * As with any actor, a program that starts it with `createActor` must subscribe to its errors, or XState throws them
 * globally.
 *
 * @example
 * ```ts
 * const app = setup({ actors: { serverCore } }).createMachine({
 *   invoke: { src: 'serverCore', input: { protocol: echo, port: 0 }, onError: 'noNetwork' },
 * });
 * ```
 */
export const serverCore = tableDriven(serverCoreMachine.provide({ actors: { listener: tcpListener, connections } }));

import { singleServerMachine } from '../machines/singleServerMachine';
import { connection } from './connection';
import { tableDriven } from './xstate/tableDriven';
import { tcpListener } from './listener/tcpListener';

/**
 * Kamaelia's SingleServer, to embed: invoke or spawn it in a machine of your own, with {@link SingleServerOptions} as
 * its input. Its output is a {@link ServerSummary}. When the port can't be had, the server ends in a
 * {@link ListenError}.
 *
 * As with any actor, a program that starts it with `createActor` must subscribe to its errors, or XState throws them
 * globally.
 */
export const singleServer = tableDriven(singleServerMachine.provide({ actors: { listener: tcpListener, connection } }));

import net, { type NetConnectOpts, type Server, type ServerOpts, type Socket } from 'node:net';
import type { AnyActorRef } from 'xstate';

/** Where servers and sockets come from: `node:net`, or a stand-in such as the network in memory. */
export interface Network {
  /** Like `net.createServer`. */
  createServer(options: ServerOpts): Server;
  /** Like `net.createConnection`. */
  createConnection(options: NetConnectOpts): Socket;
}

/** Node's own network. */
export const systemNetwork: Network = net;

const networks = new WeakMap<AnyActorRef['system'], Network>();

/** From now on, all actors of an actor's system listen and connect on this network. */
export function setNetwork(actor: AnyActorRef, network: Network): void {
  networks.set(actor.system, network);
}

/**
 * The network that an actor listens and connects on: Node's, unless {@link setNetwork} has given its system another.
 */
export const networkOf = (actor: AnyActorRef): Network => networks.get(actor.system) ?? systemNetwork;

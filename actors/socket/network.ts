import net, { type NetConnectOpts, type Server, type ServerOpts, type Socket } from 'node:net';
import type { AnyActorRef } from 'xstate';

/** Where servers and sockets come from: `node:net` itself, or what stands in for it. */
export interface Network {
  /** As `net.createServer`. */
  createServer(options: ServerOpts): Server;
  /** As `net.createConnection`. */
  createConnection(options: NetConnectOpts): Socket;
}

/** Node's. */
export const systemNetwork: Network = net;

const networks = new WeakMap<AnyActorRef['system'], Network>();

/** Has all actors of an actor's system listen and connect on a network, from now on. */
export function setNetwork(actor: AnyActorRef, network: Network): void {
  networks.set(actor.system, network);
}

/** The network that an actor listens and connects on: Node's, unless its system was given another one. */
export const networkOf = (actor: AnyActorRef): Network => networks.get(actor.system) ?? systemNetwork;

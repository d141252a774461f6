import { afterEach } from '@jest/globals';
import { connect, type ConnectionOptions } from 'node:tls';
import type { AnyActorRef } from 'xstate';
import {
  createServerCore,
  createSingleServer,
  type Protocol,
  type ServerCore,
  type ServerEmitted,
} from '../../../server/index';
import type { ConnectedSocketAdapter } from '../../../machines/connectedSocketAdapter';
import { ca, issue } from './certificates';
import { Client } from '../client';
import { collect, emitted } from '../events';
import type { ClosedEvent } from '../serving';

export const kinds = ['ServerCore', 'SingleServer'] as const;
export type Kind = (typeof kinds)[number];

/** The certificate of a spec file's servers. */
export const a = issue('a.test');

type Options = Partial<Parameters<typeof createServerCore>[0]>;
type Children = Readonly<Partial<Record<'connection' | 'connections', AnyActorRef>>>;
type Live = ReadonlyMap<string, { readonly actor?: AnyActorRef }>;

const open: TlsServer[] = [];
const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.destroy();
  for (const { server } of open.splice(0)) {
    server.send({ type: 'control.shutdownMicroprocess' });
    await server.closed.catch(() => undefined);
  }
});

/** A TLS server of either kind, and the events that it has emitted. The server ends after the spec. */
export class TlsServer {
  readonly kind: Kind;
  /** The handle. SingleServer's handle has all members of ServerCore's that the specs need. */
  readonly server: ServerCore;
  readonly events: ServerEmitted[];
  port = 0;

  private constructor(kind: Kind, options: Parameters<typeof createServerCore>[0]) {
    this.kind = kind;
    const create =
      kind === 'ServerCore' ? createServerCore : (createSingleServer as unknown as typeof createServerCore);
    this.server = create({ port: 0, tls: a.pem, ...options });
    this.events = collect<ServerEmitted>(this.server);
  }

  /** @param options - `tls` has a certificate for a.test by default */
  static async start(kind: Kind, protocol: Protocol, options: Options = {}): Promise<TlsServer> {
    const made = new TlsServer(kind, { ...options, protocol });
    open.push(made);
    ({ port: made.port } = await made.server.start());
    return made;
  }

  /** The types of the events emitted about connections. */
  get told(): string[] {
    return this.events.map(({ type }) => type).filter((type) => type.startsWith('connection.'));
  }

  /**
   * Connects without speaking TLS, and waits until the server has taken or rejected the connection.
   * @param isOpening - whether to wait
   */
  async connectRaw({ isOpening = true } = {}): Promise<Client> {
    const told = ['connection.opening', 'connection.opened', 'connection.rejected'].map((type) =>
      emitted(this.server, type),
    );
    const client = await Client.connect(this.port);
    clients.push(client);
    if (isOpening) await Promise.race(told);
    return client;
  }

  /** Connects, does the handshake, and waits until the server has opened the connection. */
  async connect(options: ConnectionOptions = {}): Promise<Client> {
    return this.encrypted(await this.connectRaw(), options);
  }

  /** Does the handshake on a client's connection, and waits until the server has opened the connection. */
  async encrypted(raw: Client, options: ConnectionOptions = {}): Promise<Client> {
    const opened = emitted(this.server, 'connection.opened');
    const client = encrypt(raw, options);
    await opened;
    return client;
  }

  /** Waits until a connection has closed, and returns its event. */
  async ended(id = 'connection:1'): Promise<ClosedEvent> {
    const isIt = (event: ClosedEvent): boolean => event.id === id;
    const closed = this.events.filter((event) => event.type === 'connection.closed');
    return closed.find(isIt) ?? emitted<ClosedEvent>(this.server, 'connection.closed', isIt);
  }

  /** A connection's actor. */
  connection(id = 'connection:1'): AnyActorRef | undefined {
    const { children } = this.server.actor.getSnapshot() as unknown as { children: Children };
    if (this.kind === 'SingleServer') return children.connection;
    return (children.connections?.getSnapshot() as { live: Live } | undefined)?.live.get(id)?.actor;
  }

  /** A connection's socket. */
  socket(id?: string): ConnectedSocketAdapter {
    const { context } = this.connection(id)?.getSnapshot() as { context: { CSA: ConnectedSocketAdapter } };
    return context.CSA;
  }

  /** The state that a connection is in. */
  state(id?: string): unknown {
    return (this.connection(id)?.getSnapshot() as { value: unknown } | undefined)?.value;
  }
}

/** Speaks TLS on a client's connection from now on. The new client gets the decrypted bytes. */
export function encrypt(raw: Client, options: ConnectionOptions = {}): Client {
  raw.socket.removeAllListeners('data');
  const client = Client.over(connect({ ca: ca.pem.cert, servername: 'a.test', ...options, socket: raw.socket }));
  clients.push(client);
  return client;
}

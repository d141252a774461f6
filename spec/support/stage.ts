import { afterAll, expect, jest } from '@jest/globals';
import { once } from 'node:events';
import net, { type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ServerCoreOptions, ServerEmitted } from '../../server/index';
import { ca } from './tls/certificates';
import { Client } from './client';
import { collect, emitted, eventually } from './events';
import { atEnd, connectClient, startServer, type StartedServer } from './fixtures';
import { expectNothingLeft } from './nothingLeft';
import { Recorder, type RecordedHandler } from './recorder';

const create = jest.spyOn(net, 'createServer');

afterAll(() => {
  create.mockRestore();
});

type ClosedEvent = Extract<ServerEmitted, { type: 'connection.closed' }>;

/** An echo server with two kinds of clients: a bystander, which must stay unharmed, and clients that break. */
export class Stage {
  started!: StartedServer;
  told: ServerEmitted[] = [];
  readonly recorder = new Recorder((event, handler) => {
    if (event.type === 'inbox') handler.write(event.data);
    // the second connection's handler does what the spec says
    const isDone = event.type === 'control.producerFinished' && handler !== this.recorder.handlers[1];
    if (isDone) handler.emit({ type: 'signal.producerFinished' });
  });
  /** The server's sockets, one for each connection. */
  readonly sockets: Socket[] = [];
  /** The clients that break their connections. */
  readonly clients: Client[] = [];
  bystander!: Socket;

  async start(options: Partial<ServerCoreOptions> = {}): Promise<void> {
    this.started = await startServer({ protocol: this.recorder.protocol, ...options });
    this.listener.on('connection', (socket) => this.sockets.push(socket));
    this.told = collect<ServerEmitted>(this.started.server);
    this.bystander = await this.come();
    await isServed(this.bystander);
  }

  get listener(): Server {
    return create.mock.results.at(-1)?.value as Server;
  }

  get handler(): RecordedHandler {
    const handler = this.recorder.handlers[1];
    if (handler === undefined) throw new Error('No client has come after the bystander yet');
    return handler;
  }

  /** Connects the client whose connection is to break. */
  async connect(until: 'connection.opening' | 'connection.opened' = 'connection.opened'): Promise<Client> {
    const next = emitted(this.started.server, until);
    // unlike `connectClient`, this client doesn't end its side when the server does
    const client = await Client.connect(this.started.port);
    this.clients.push(client);
    atEnd(() => client.destroy());
    await next;
    return client;
  }

  /** Waits until a connection has closed, and returns its event. */
  async ended(id = 'connection:2'): Promise<ClosedEvent> {
    const isIt = (event: ServerEmitted): event is ClosedEvent => event.type === 'connection.closed' && event.id === id;
    return this.told.find(isIt) ?? emitted<ClosedEvent>(this.started.server, 'connection.closed', isIt);
  }

  /** Connects a client that does everything the server's options require: a PROXY header, a TLS handshake. */
  async come(): Promise<Socket> {
    const { tls, starttls, proxyProtocol } = this.started.server.actor.getSnapshot().context.options;
    const { socket } = await connectClient(this.started.port);
    if (proxyProtocol !== undefined) socket.write('PROXY UNKNOWN\r\n');
    if (tls === undefined || starttls) return socket;
    socket.removeAllListeners('data');
    const secured = connectTls({ socket, ca: ca.pem.cert, servername: 'a.test' });
    await once(secured, 'secureConnect');
    return secured;
  }
}

/** Expects that other clients are still served, that each connection's end was told once, and that nothing is left. */
export async function expectUnharmed(stage: Stage): Promise<void> {
  const { started, told, recorder, bystander } = stage;
  await isServed(bystander);
  const next = await stage.come();
  await isServed(next);
  for (const client of stage.clients) await client.destroy();
  for (const socket of [next, bystander]) {
    socket.end();
    await once(socket, 'close');
  }
  await eventually(() => started.server.actor.getSnapshot().context.open === 0);
  const idsOf = (...types: string[]): string[] =>
    told.flatMap((event) => ('id' in event && types.includes(event.type) ? [event.id] : []));
  const came = new Set(idsOf('connection.opening', 'connection.opened'));
  expect(idsOf('connection.closed').sort()).toEqual([...came].sort());
  for (const { controls } of recorder.handlers) {
    expect(controls.filter(({ type }) => type === 'control.socketShutdown')).toHaveLength(1);
  }
  await expectNothingLeft(started);
}

async function isServed(socket: Socket): Promise<void> {
  socket.write('still there?');
  const [data] = (await once(socket, 'data')) as [Buffer];
  if (String(data) !== 'still there?') throw new Error(`The answer was ${String(data)}`);
}

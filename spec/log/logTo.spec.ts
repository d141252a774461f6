import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { createServerCore, createSingleServer, echo, serverCore, type Protocol } from '../../server/index';
import { logTo, type Logger } from '../../server/log';
import { scenario } from '../../server/testing/index';
import { emitted } from '../support/events';
import { atEnd, connectClient, handler, openClient, started, type StartedServer } from '../support/fixtures';
import { proxied, proxyProtocol } from '../support/proxy/proxied';

const throwing = (thrown: unknown): Protocol =>
  handler(({ receive }) => {
    receive(({ type }) => {
      if (type === 'inbox') throw thrown;
    });
  });

type Line = Readonly<Record<string, unknown>>;

describe('logTo', () => {
  /** A pino logger, and the lines that it has written. */
  const memory = (): { logger: Logger; lines: Line[] } => {
    const lines: Line[] = [];
    const logger = pino(
      { level: 'debug', base: null },
      {
        write: (line) => {
          lines.push(JSON.parse(line) as Line);
        },
      },
    );
    return { logger, lines };
  };

  const logged = async (
    options: Partial<Parameters<typeof createServerCore>[0]> = {},
  ): Promise<StartedServer & { lines: Line[] }> => {
    const { logger, lines } = memory();
    const server = createServerCore({ protocol: echo, port: 0, ...options });
    logTo(server, logger);
    return { ...(await started(server)), lines };
  };

  it('logs a record for each event, with what the event has to say', async () => {
    const { server, port, lines } = await logged();
    const client = await openClient({ server, port });
    const peerport = client.socket.localPort;
    await client.send('secret');
    await client.receive(6);
    const closed = emitted(server, 'connection.closed');
    client.end();
    await closed;
    await server.shutdown();
    const common = { level: 30, time: expect.any(Number) };
    expect(lines).toEqual([
      { ...common, event: 'server.listening', address: '127.0.0.1', port },
      expect.objectContaining({
        ...common,
        event: 'connection.opened',
        id: 'connection:1',
        peer: '127.0.0.1',
        peerport,
      }),
      {
        ...common,
        event: 'connection.closed',
        id: 'connection:1',
        reason: 'peerClosed',
        bytesIn: 6,
        bytesOut: 6,
        durationMs: expect.any(Number),
      },
      { ...common, event: 'server.draining', connections: 0 },
      {
        ...common,
        event: 'server.shutdown',
        connections: 1,
        rejected: 0,
        bytesIn: 6,
        bytesOut: 6,
        durationMs: expect.any(Number),
      },
    ]);
  });

  it('warns of clients that were turned away', async () => {
    const { server, port, lines } = await logged({ maxConnections: 1 });
    await openClient({ server, port });
    const rejected = emitted(server, 'connection.rejected');
    await connectClient(port);
    await rejected;
    expect(lines.at(-1)).toMatchObject({
      level: 40,
      event: 'connection.rejected',
      reason: 'atCapacity',
      peer: '127.0.0.1',
    });
  });

  it('has what a handler threw as an error, as pino writes errors', async () => {
    const { server, port, lines } = await logged({ protocol: throwing(new TypeError('under test')) });
    const closed = emitted(server, 'connection.closed');
    await (await connectClient(port)).send('x');
    await closed;
    const err = { type: 'TypeError', message: 'under test', stack: expect.stringContaining('logTo.spec') };
    expect(lines.filter(({ err: logged }) => logged !== undefined)).toMatchObject([
      { level: 50, event: 'connection.failed', id: 'connection:1', err },
      { level: 30, event: 'connection.closed', reason: 'handlerFailed', err },
    ]);
  });

  it('logs a port that can not be had as an error', async () => {
    const { port } = await logged();
    const { logger, lines } = memory();
    const server = createServerCore({ protocol: echo, port });
    logTo(server, logger);
    await expect(server.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(lines).toMatchObject([
      { level: 50, event: 'server.failed', err: { type: 'ListenError', code: 'EADDRINUSE' } },
    ]);
  });

  it("never logs a client's bytes", async () => {
    const { logger, lines } = memory();
    const server = createSingleServer({ port: 0 });
    atEnd(() => {
      server.send({ type: 'control.shutdownMicroprocess' });
    });
    logTo(server, logger);
    const { port } = await server.start();
    const outbox = emitted(server, 'outbox');
    const client = await connectClient(port);
    await client.send('secret');
    await outbox;
    const closed = emitted(server, 'connection.closed');
    client.end();
    await closed;
    expect(lines.map(({ event }) => event)).toEqual(['server.listening', 'connection.opened', 'connection.closed']);
  });

  it('tells how full a server is, and what has been changed', async () => {
    const { logger, lines } = memory();
    await using s = await scenario(serverCore, {
      protocol: echo,
      maxConnections: 2,
      nearCapacity: { from: 0.5, until: 0.5 },
    });
    logTo(s.server, logger);
    const [first] = await s.clients('first', 'second');
    await s.send({ type: 'control.configure', options: { maxConnections: 3, allow: ['127.0.0.1'] } });
    await s.send({ type: 'control.configure', options: { maxConnections: 0 } });
    await s.send({ type: '_listener.descriptorsShort', descriptors: { open: 60, limit: 64 } });
    await first.ends();
    expect(lines.filter(({ event }) => String(event).startsWith('server')).map(({ time, ...line }) => line)).toEqual([
      { level: 40, event: 'server.nearCapacity', isNear: true, connections: 1, maxConnections: 2 },
      { level: 40, event: 'server.full', reason: 'maxConnections', connections: 2 },
      { level: 30, event: 'server.configured', maxConnections: 3 },
      { level: 30, event: 'server.accepting', connections: 2 },
      {
        level: 50,
        event: 'server.configureFailed',
        msg: expect.any(String),
        err: expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
      },
      {
        level: 40,
        event: 'server.full',
        reason: 'descriptors',
        connections: 2,
        descriptorsOpen: 60,
        descriptorsLimit: 64,
      },
      { level: 30, event: 'server.nearCapacity', isNear: false, connections: 1, maxConnections: 3 },
    ]);
  });

  it('tells who failed to open a connection', async () => {
    const { logger, lines } = memory();
    await using s = await scenario(serverCore, { protocol: echo, proxyProtocol });
    logTo(s.server, logger);
    await proxied(s, 'GET / HTTP/1.1\r\n\r\n');
    expect(lines).toMatchObject([
      { level: 30, event: 'connection.opening', id: 'connection:1', peer: '127.0.0.1' },
      {
        level: 30,
        event: 'connection.closed',
        id: 'connection:1',
        reason: 'proxyFailed',
        err: { type: 'ProxyHeaderError' },
      },
    ]);
  });

  it('logs what it does not know, and of that only what is flat', () => {
    const { logger, lines } = memory();
    const actor = createServerCore({ protocol: echo }).actor;
    const listeners: ((event: object) => void)[] = [];
    // stands for a server of a later version
    const server = {
      getSnapshot: () => actor.getSnapshot(),
      on: (_: string, listener: (event: object) => void) => {
        listeners.push(listener);
        return { unsubscribe: () => listeners.splice(0) };
      },
    };
    const attached = logTo(server as never, logger);
    const emit = (event: object): void => {
      for (const listener of listeners) listener(event);
    };
    emit({ type: 'server.later', open: 90, peerCertificate: { raw: Buffer.from('x') } });
    emit({ type: 'server.odd', isOdd: true });
    attached.detach();
    emit({ type: 'server.odd' });
    expect(lines.map(({ time, ...line }) => line)).toEqual([
      { level: 30, event: 'server.later', open: 90 },
      { level: 30, event: 'server.odd', isOdd: true },
    ]);
  });

  it.each([
    [
      'an error that throws when it is looked at',
      Object.defineProperty(new Error('under test'), 'code', {
        enumerable: true,
        get: () => {
          throw new Error('not to be looked at');
        },
      }),
      'an instance of Error',
    ],
    [
      'a proxy that throws at everything',
      new Proxy({}, { get: () => { throw new Error('no'); }, getPrototypeOf: () => { throw new Error('no'); } }), // prettier-ignore
      "a object that can't be looked at",
    ],
    ['a text', 'under test', 'under test'],
  ])('logs %s, and the server goes on', async (_title, thrown, err) => {
    const { server, port, lines } = await logged({ protocol: throwing(thrown) });
    const closed = emitted(server, 'connection.closed');
    await (await connectClient(port)).send('x');
    await closed;
    expect(lines.find(({ event }) => event === 'connection.failed')).toMatchObject({ level: 50, err });
    await openClient({ server, port });
  });

  it('goes on when the logger is broken', async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    const broken = (): never => {
      throw new Error('disk full');
    };
    logTo(server, { debug: broken, info: broken, warn: broken, error: broken });
    await openClient(await started(server));
    expect(server.address?.port).toBeGreaterThan(0);
  });

  it('refuses what is no server, and what is no logger', () => {
    expect(() => logTo({} as never, memory().logger)).toThrow(/'server' .* must be a server/);
    const server = createServerCore({ protocol: echo });
    expect(() => logTo(server, console.log as never)).toThrow(/'logger' .* debug, info, warn and error/);
    expect(() => logTo(server, null as never)).toThrow(/'logger' is null/);
  });
});

import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createActor, fromCallback, setup, type AnyActorRef } from 'xstate';
import {
  createServerCore,
  createSingleServer,
  echo,
  serverCore,
  InvalidOptionError,
  type ServerCore,
} from '../../server/index';
import { prometheusMetrics, type PrometheusOptions } from '../../server/metrics';
import { collect, emitted, eventually } from '../support/events';
import { atEnd, connectClient, deaf, handler, openClient, started, startServer, tooMuch } from '../support/fixtures';
import { values, valueOf } from '../support/scraping';
import { readPage } from '../support/pages';

const throwing = handler(({ receive }) => {
  receive(() => {
    throw new Error('under test');
  });
});

/** The number of listeners to a server's events. */
const listenersOf = ({ actor }: ServerCore): number => {
  const { eventListeners } = actor as unknown as { eventListeners: ReadonlyMap<string, ReadonlySet<unknown>> };
  return [...eventListeners.values()].reduce((sum, { size }) => sum + size, 0);
};

describe('prometheusMetrics', () => {
  /** Starts a ServerCore with its metrics in a registry of its own. */
  const measured = async (
    options: Partial<Parameters<typeof createServerCore>[0]> = {},
    labels?: Record<string, string>,
  ) => {
    const registry = new Registry();
    const server = createServerCore({ protocol: echo, port: 0, ...options });
    const metrics = prometheusMetrics(server, { registry, ...(labels && { labels }) });
    const { port } = await started(server);
    const read = async (name: string): Promise<number> => valueOf(await registry.metrics(), `serverchart_${name}`);
    return { registry, server, port, metrics, read };
  };

  it('tells what a server has done: connections, bytes and durations', async () => {
    const { server, port, read } = await measured();
    const closed = collect<{ durationMs: number }>(server, 'connection.closed');
    const clients = [];
    for (const text of ['hello', 'hi']) {
      const client = await openClient({ server, port });
      await client.send(text);
      await client.receive(text.length);
      clients.push(client);
    }
    expect([await read('connections_open'), await read('connections_accepted_total')]).toEqual([2, 2]);
    for (const client of clients) client.end();
    await eventually(() => closed.length === 2);
    expect([await read('connections_open'), await read('connections_accepted_total')]).toEqual([0, 2]);
    expect(await read('connections_closed_total{reason="peerClosed"}')).toBe(2);
    expect([await read('received_bytes_total'), await read('sent_bytes_total')]).toEqual([7, 7]);
    const seconds = closed.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1_000;
    expect(await read('connection_duration_seconds_sum')).toBeCloseTo(seconds, 9);
    expect(await read('connection_duration_seconds_count')).toBe(2);
    expect(await read('connection_duration_seconds_bucket{le="604800"}')).toBe(2);
  });

  it('counts the bytes of connections that are open, and never fewer than before', async () => {
    const { server, port, read } = await measured();
    const client = await openClient({ server, port });
    await client.send('hello');
    await client.receive(5);
    const both = async (): Promise<number[]> => [await read('received_bytes_total'), await read('sent_bytes_total')];
    expect(await both()).toEqual([5, 5]);
    const closed = emitted(server, 'connection.closed');
    client.end();
    await closed;
    expect(await both()).toEqual([5, 5]);
  });

  it('keeps the bytes of connections that end with a server which is stopped', async () => {
    const { server, port, read } = await measured();
    const client = await openClient({ server, port });
    await client.send('hello');
    await client.receive(5);
    expect(await read('received_bytes_total')).toBe(5);
    server.actor.stop();
    expect(await read('received_bytes_total')).toBe(5);
    expect([await read('connections_open'), await read('state{state="stopped"}')]).toEqual([0, 1]);
  });

  it("tells the bytes of SingleServer's client", async () => {
    const registry = new Registry();
    const server = createSingleServer({ protocol: echo, port: 0 });
    atEnd(() => {
      server.send({ type: 'control.shutdownMicroprocess' });
    });
    prometheusMetrics(server, { registry });
    const { port } = await server.start();
    const read = async (name: string): Promise<number> => valueOf(await registry.metrics(), `serverchart_${name}`);
    expect([await read('connections_open'), await read('ready')]).toEqual([0, 1]);
    const client = await connectClient(port);
    await client.send('hello');
    await client.receive(5);
    expect([await read('connections_open'), await read('sent_bytes_total')]).toEqual([1, 5]);
    // the only place is taken
    expect([await read('ready'), await read('state{state="connected.rejecting"}')]).toEqual([0, 1]);
    const closed = emitted(server, 'connection.closed');
    client.end();
    await closed;
    expect([await read('connections_open'), await read('sent_bytes_total')]).toEqual([0, 5]);
  });

  it('counts those that were turned away by reason, and those that wait', async () => {
    const { server, port, read } = await measured({ maxConnections: 1, whenBusy: 'queue', maxQueued: 1 });
    await openClient({ server, port });
    expect([await read('ready'), await read('connections_queued')]).toEqual([1, 0]);
    await connectClient(port);
    const rejected = emitted(server, 'connection.rejected');
    await connectClient(port);
    await rejected;
    expect(await read('connections_queued')).toBe(1);
    expect(await read('connections_rejected_total{reason="queueFull"}')).toBe(1);
    // the queue is full, too
    expect(await read('ready')).toBe(0);
  });

  it('counts failures of handlers', async () => {
    const { server, port, read } = await measured({ protocol: throwing });
    expect(await read('handler_failures_total')).toBe(0);
    const closed = emitted(server, 'connection.closed');
    await (await connectClient(port)).send('x');
    await closed;
    expect(await read('handler_failures_total')).toBe(1);
    expect(await read('connections_closed_total{reason="handlerFailed"}')).toBe(1);
  });

  it('tells the state, one at a time', async () => {
    const registry = new Registry();
    const server = createServerCore({ protocol: deaf, port: 0 });
    prometheusMetrics(server, { registry });
    const state = async (): Promise<unknown[]> => {
      const all = [...values(await registry.metrics())];
      return [
        all.filter(([name]) => name.includes('_state{')),
        all.find(([name]) => name === 'serverchart_ready')?.[1],
      ];
    };
    expect(await state()).toEqual([[['serverchart_state{state="starting"}', 1]], 0]);
    const { port } = await started(server);
    expect(await state()).toEqual([[['serverchart_state{state="listening.accepting"}', 1]], 1]);
    server.send({ type: 'control.suspend' });
    expect(await state()).toEqual([[['serverchart_state{state="listening.suspended"}', 1]], 0]);
    server.send({ type: 'control.resume' });
    await emitted(server, 'server.listening');
    await openClient({ server, port });
    server.send({ type: 'control.serverShutdown' });
    expect(await state()).toEqual([[['serverchart_state{state="draining.finishing"}', 1]], 0]);
    server.send({ type: 'control.shutdownMicroprocess' });
    await server.closed;
    expect(await state()).toEqual([[['serverchart_state{state="shutdown"}', 1]], 0]);
  });

  it('names a failed server so', async () => {
    const { port } = await measured();
    const registry = new Registry();
    const second = createServerCore({ protocol: echo, port });
    prometheusMetrics(second, { registry });
    await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(valueOf(await registry.metrics(), 'serverchart_state{state="failed"}')).toBe(1);
  });

  it('tells the descriptors of the process, where there is a way to know', async () => {
    const isKnown = process.platform === 'linux';
    const { server, port, read } = await measured();
    const before = await read('descriptors_open');
    await openClient({ server, port });
    // this process has both ends of the connection
    expect((await read('descriptors_open')) - before).toBe(isKnown ? 2 : NaN);
    expect((await read('descriptors_limit')) > before).toBe(isKnown);
  });

  it('says of each metric what it is, under a name that ends as Prometheus asks for', async () => {
    const { registry } = await measured();
    const text = await registry.metrics();
    const kinds = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', kind]) => ({ name, kind }));
    expect(kinds).toHaveLength(15);
    for (const { name, kind } of kinds) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} [A-Z].*\\.$`, 'm'));
      expect(name).toMatch(/^serverchart_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(kind === 'counter');
    }
  });

  it('has no metric that docs/operating.md leaves out', async () => {
    const text = readPage('docs/operating.md');
    const { registry } = await measured();
    const documented = [...text.matchAll(/^\| `(serverchart_\w+)[{`]/gm)].map(([, name]) => name);
    expect(documented.sort()).toEqual(
      registry
        .getMetricsAsArray()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('tells several servers in one registry apart by their labels', async () => {
    const first = await measured({}, { server: 'a' });
    const second = createServerCore({ protocol: echo, port: 0 });
    prometheusMetrics(second, { registry: first.registry, labels: { server: 'b' } });
    const opened = await started(second);
    const closed = emitted(second, 'connection.closed');
    (await openClient(opened)).end();
    await closed;
    const of = async (name: string): Promise<number[]> => [
      await first.read(`${name}{server="a"}`),
      await first.read(`${name}{server="b"}`),
    ];
    expect(await of('connections_accepted_total')).toEqual([0, 1]);
    expect(await of('connection_duration_seconds_count')).toEqual([0, 1]);
    expect(await first.read('connections_closed_total{server="b",reason="peerClosed"}')).toBe(1);
  });

  it('measures a server that is part of an app', async () => {
    const app = createActor(
      setup({ actors: { serverCore } }).createMachine({
        invoke: { id: 'server', src: 'serverCore', input: { protocol: echo, port: 0 } },
      }),
    ).start();
    atEnd(() => app.stop());
    const server = app.getSnapshot().children.server as AnyActorRef;
    const registry = new Registry();
    prometheusMetrics(server, { registry });
    const { port } = await emitted<{ port: number }>(server as never, 'server.listening');
    const closed = emitted(server as never, 'connection.closed');
    const client = await connectClient(port);
    await client.send('hello');
    await client.receive(5);
    client.end();
    await closed;
    const text = await registry.metrics();
    expect(valueOf(text, 'serverchart_connections_closed_total{reason="peerClosed"}')).toBe(1);
    expect(valueOf(text, 'serverchart_received_bytes_total')).toBe(5);
  });

  it('goes by snapshots, so that it sees what was before, but for rejections', async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    const opened = await started(server);
    const closed = emitted(server, 'connection.closed');
    (await openClient(opened)).end();
    await closed;
    const registry = new Registry();
    prometheusMetrics(server, { registry });
    expect(valueOf(await registry.metrics(), 'serverchart_connections_accepted_total')).toBe(1);
  });

  it('tells what a reader that takes nothing got, not what waits for it', async () => {
    const flooding = handler(({ emit }) => {
      emit({ type: 'outbox', data: tooMuch });
    });
    const { server, port, read } = await measured({ protocol: flooding, maxBufferedBytes: Infinity });
    await openClient({ server, port }, { reads: false });
    expect(await read('sent_bytes_total')).toBeLessThan(tooMuch.length);
  });

  describe('detached', () => {
    it('leaves the registry as it was, and may be called again', async () => {
      const { server } = await startServer();
      const heard = listenersOf(server);
      const registry = new Registry();
      const metrics = prometheusMetrics(server, { registry });
      expect(listenersOf(server)).toBeGreaterThan(heard);
      metrics.detach();
      metrics.detach();
      expect(registry.getMetricsAsArray()).toEqual([]);
      expect(listenersOf(server)).toBe(heard);
    });

    it('leaves the other servers alone', async () => {
      const { registry, metrics } = await measured({}, { server: 'a' });
      const other = createServerCore({ protocol: echo, port: 0 });
      prometheusMetrics(other, { registry, labels: { server: 'b' } });
      metrics.detach();
      const text = await registry.metrics();
      expect(text).not.toContain('server="a"');
      expect(valueOf(text, 'serverchart_connections_open{server="b"}')).toBe(0);
    });

    it('takes no metric away that came after the registry was cleared', async () => {
      const { registry, metrics } = await measured();
      registry.clear();
      prometheusMetrics(createServerCore({ protocol: echo }), { registry });
      metrics.detach();
      expect(registry.getMetricsAsArray()).toHaveLength(15);
    });
  });

  it('keeps the last figures of a server that has ended, until it is detached', async () => {
    const { server, port, metrics, registry, read } = await measured();
    const client = await openClient({ server, port });
    client.end();
    await server.shutdown();
    expect([await read('connections_accepted_total'), await read('connections_open')]).toEqual([1, 0]);
    metrics.detach();
    expect(await registry.metrics()).toBe('\n');
  });

  describe('given what it cannot do', () => {
    const server = createServerCore({ protocol: echo });
    const refused = (options: PrometheusOptions, target: never = server as never): string => {
      try {
        prometheusMetrics(target, { registry: new Registry(), ...options });
      } catch (error) {
        if (error instanceof InvalidOptionError) return error.message;
      }
      return 'taken';
    };

    it.each([
      [{ prefix: '1_' }, /'prefix' is '1_'/],
      [{ prefix: 'a b' }, /'prefix'/],
      [{ labels: { reason: 'x' } }, /'labels'.* none of which is le, reason, state/],
      [{ labels: { __a: 'x' } }, /'labels'/],
      [{ labels: { 'a-b': 'x' } }, /'labels'/],
      [{ labels: { a: 1 } }, /'labels'/],
      [{ registry: {} }, /'registry'.* a Registry of prom-client's/],
      [{ labells: {} }, /'labells' .* no such option/],
    ])('refuses %j', (options, message) => {
      expect(refused(options as never)).toMatch(message);
    });

    it.each([
      ['null', null],
      ['a text', 'server'],
      ['an actor of another kind', createActor(fromCallback(() => undefined))],
      ['a handle of nothing', { actor: {} }],
    ])('refuses %s as a server', (_, target) => {
      expect(refused({}, target as never)).toMatch(/'server' .* must be a server/);
    });

    it('refuses a name that is taken', () => {
      const registry = new Registry();
      registry.registerMetric({ name: 'serverchart_ready' } as never);
      expect(refused({ registry })).toMatch(/'prefix' .* has a metric serverchart_ready already/);
      expect(registry.getMetricsAsArray()).toHaveLength(1);
      expect(refused({ registry, prefix: 'mine_' })).toBe('taken');
    });

    it.each([
      [{}, /'labels' .* must be values that no other server/, {}],
      [{ server: 'a' }, /'labels' .* must be values that no other server/, { server: 'a' }],
      [{ server: 'a' }, /'labels' .* must be values for server/, { zone: 'a' }],
      [{}, /'labels' .* must be left out/, { server: 'a' }],
    ])('beside a server with the labels %j, refuses others that do not fit: %s', (first, message, second) => {
      const registry = new Registry();
      expect(refused({ registry, labels: first })).toBe('taken');
      expect(refused({ registry, labels: second })).toMatch(message);
    });
  });
});

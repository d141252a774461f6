import { describe, expect, it } from '@jest/globals';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type DataPoint,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { Registry } from 'prom-client';
import { createServerCore, echo } from '../../server/index';
import { openTelemetryMetrics, prometheusMetrics } from '../../server/metrics';
import { emitted } from '../support/events';
import { atEnd, connectClient, openClient, started, type StartedServer } from '../support/fixtures';

describe('openTelemetryMetrics', () => {
  const measuring = () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    atEnd(() => provider.shutdown());
    const metrics = async (): Promise<readonly MetricData[]> => {
      exporter.reset();
      await reader.forceFlush();
      return exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    };
    const points = async (name: string): Promise<readonly Pick<DataPoint<unknown>, 'attributes' | 'value'>[]> => {
      const metric = (await metrics()).find(({ descriptor }) => descriptor.name === `serverchart.${name}`);
      return metric?.dataPoints.map(({ attributes, value }) => ({ attributes, value })) ?? [];
    };
    return { meter: provider.getMeter('spec'), metrics, points };
  };

  const serveOne = async (opened: StartedServer): Promise<void> => {
    const closed = emitted(opened.server, 'connection.closed');
    const client = await openClient(opened);
    await client.send('hello');
    await client.receive(5);
    client.end();
    await closed;
  };

  it('tells what a server has done', async () => {
    const { meter, points } = measuring();
    const server = createServerCore({ protocol: echo, port: 0 });
    openTelemetryMetrics(server, { meter });
    const opened = await started(server);
    await serveOne(opened);
    await openClient(opened);
    const attributes = {};
    expect(await points('connections.open')).toEqual([{ attributes, value: 1 }]);
    expect(await points('connections.accepted')).toEqual([{ attributes, value: 2 }]);
    expect(await points('connections.closed')).toEqual([{ attributes: { reason: 'peerClosed' }, value: 1 }]);
    expect(await points('received')).toEqual([{ attributes, value: 5 }]);
    expect(await points('state')).toEqual([{ attributes: { state: 'listening.accepting' }, value: 1 }]);
    const [duration] = await points('connection.duration');
    expect(duration?.value).toMatchObject({
      count: 1,
      buckets: { boundaries: expect.arrayContaining([0.001, 604_800]) },
    });
    expect((duration?.value as Histogram).sum).toBeGreaterThan(0);
  });

  it('has the instruments that Prometheus has, under the names that OpenTelemetry translates into those', async () => {
    const { meter, metrics } = measuring();
    const server = createServerCore({ protocol: echo, port: 0, maxConnections: 1 });
    openTelemetryMetrics(server, { meter });
    const registry = new Registry();
    prometheusMetrics(server, { registry });
    const opened = await started(server);
    await serveOne(opened);
    const rejected = emitted(server, 'connection.rejected');
    await openClient(opened);
    await connectClient(opened.port);
    await rejected;
    const suffixes = new Map([
      ['By', '_bytes'],
      ['s', '_seconds'],
    ]);
    const translated = (await metrics()).map(({ descriptor: { name, unit }, ...metric }) => {
      const total = 'isMonotonic' in metric && metric.isMonotonic ? '_total' : '';
      return `${name.replaceAll('.', '_')}${suffixes.get(unit) ?? ''}${total}`;
    });
    expect(translated.sort()).toEqual(
      registry
        .getMetricsAsArray()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('tells several servers apart by their attributes, and leaves with one of them', async () => {
    const { meter, points } = measuring();
    const [first, second] = [
      createServerCore({ protocol: echo, port: 0 }),
      createServerCore({ protocol: echo, port: 0 }),
    ];
    const attached = openTelemetryMetrics(first, { meter, attributes: { server: 'a' } });
    openTelemetryMetrics(second, { meter, attributes: { server: 'b' } });
    const [a, b] = [await started(first), await started(second)];
    await serveOne(b);
    expect(await points('connections.accepted')).toEqual([
      { attributes: { server: 'a' }, value: 0 },
      { attributes: { server: 'b' }, value: 1 },
    ]);
    attached.detach();
    attached.detach();
    await serveOne(a);
    const accepted = await points('connections.accepted');
    expect(accepted.find(({ attributes }) => attributes['server'] === 'a')?.value ?? 0).toBe(0);
    const durations = await points('connection.duration');
    expect(durations.map(({ attributes }) => attributes)).toEqual([{ server: 'b' }]);
  });

  it.each([
    [{}, /'meter' is missing, but must be a Meter/],
    [{ meter: {} }, /'meter' .* must be a Meter/],
    [{ meter: measuring, attributes: 1 }, /'meter'/],
    [{ attributes: 'a' }, /'attributes' is 'a', but must be an object/],
    [{ metre: 1 }, /no such option/],
  ])('refuses %j', (options, message) => {
    const server = createServerCore({ protocol: echo });
    expect(() => openTelemetryMetrics(server, options as never)).toThrow(message);
  });
});

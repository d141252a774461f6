import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createServerCore, echo, serverCore, singleServer } from '../../server/index';
import { prometheusMetrics } from '../../server/metrics';
import { scenario, type Scenario } from '../../server/testing/index';
import { issue } from '../support/tls/certificates';
import { emitted, eventually } from '../support/events';
import { connectClient, started } from '../support/fixtures';
import { proxied, proxyProtocol, textHeader } from '../support/proxy/proxied';
import { values } from '../support/scraping';

const prefix = 'serverchart_connections_';

/** Returns the metrics about connections that aren't 0. Expects that they add up, so that no connection is missing. */
async function counts(registry: Registry): Promise<Record<string, number>> {
  const all = [...values(await registry.metrics())]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name.slice(prefix.length), value] as const);
  const sumOf = (start: string): number =>
    all.reduce((sum, [name, value]) => (name.startsWith(start) ? sum + value : sum), 0);
  expect(sumOf('accepted_total')).toBe(sumOf('closed_total') + sumOf('open') - sumOf('opening'));
  return Object.fromEntries(all.filter(([, value]) => value !== 0));
}

type Server = Scenario<typeof serverCore> | Scenario<typeof singleServer>;

const measured = (s: Server): (() => Promise<Record<string, number>>) => {
  const registry = new Registry();
  prometheusMetrics(s.server, { registry });
  return () => counts(registry);
};

const options = { protocol: echo, proxyProtocol, deny: ['192.0.2.66'] };

describe.each<[string, () => Promise<Server>, object]>([
  ['ServerCore', () => scenario(serverCore, options), {}],
  ['SingleServer', () => scenario(singleServer, options), { limit: 1 }],
])('The metrics of %s, behind a proxy', (_, start, limit) => {
  it('count who is opening, and then open', async () => {
    await using s = await start();
    const read = measured(s);
    const proxy = await s.client();
    expect(await read()).toEqual({ ...limit, accepted_total: 1, open: 1, opening: 1 });
    await proxy.sends(textHeader('192.0.2.1'));
    expect(await read()).toEqual({ ...limit, accepted_total: 1, open: 1 });
    await proxy.ends();
    expect(await read()).toEqual({ ...limit, accepted_total: 1, 'closed_total{reason="peerClosed"}': 1 });
  });

  it('count who never gets that far as accepted and closed', async () => {
    await using s = await start();
    const read = measured(s);
    await proxied(s, 'GET / HTTP/1.1\r\n\r\n');
    expect(await read()).toEqual({ ...limit, accepted_total: 1, 'closed_total{reason="proxyFailed"}': 1 });
  });

  it('count who is turned away behind the proxy as accepted, closed, and rejected', async () => {
    await using s = await start();
    const read = measured(s);
    await proxied(s, textHeader('192.0.2.66'));
    expect(await read()).toEqual({
      ...limit,
      accepted_total: 1,
      'closed_total{reason="rejected"}': 1,
      'rejected_total{reason="denied"}': 1,
    });
  });
});

describe('The metrics of ServerCore', () => {
  it('count TLS handshakes that fail', async () => {
    const registry = new Registry();
    const server = createServerCore({ protocol: echo, port: 0, tls: issue('a.test').pem });
    prometheusMetrics(server, { registry });
    const { port } = await started(server);
    const opening = emitted(server, 'connection.opening');
    const client = await connectClient(port);
    await opening;
    expect(await counts(registry)).toEqual({ accepted_total: 1, open: 1, opening: 1 });
    const closed = emitted(server, 'connection.closed');
    await client.send('GET / HTTP/1.1\r\n\r\n');
    await closed;
    await eventually(() => server.actor.getSnapshot().context.open === 0);
    expect(await counts(registry)).toEqual({ accepted_total: 1, 'closed_total{reason="tlsFailed"}': 1 });
  });

  it('have a limit only while there is one', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const read = measured(s);
    expect(await read()).toEqual({});
    await s.send({ type: 'control.configure', options: { maxConnections: 5 } });
    expect(await read()).toEqual({ limit: 5 });
    await s.send({ type: 'control.configure', options: { maxConnections: Infinity } });
    expect(await read()).toEqual({});
  });
});

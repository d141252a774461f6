import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { emit } from 'xstate';
import { echo, serverCore, setupProtocol, type ServerCoreOptions } from '../../../server/index';
import '../../../server/testing/matchers/jestGlobals';
import { scenario, type Scenario } from '../../../server/testing/index';
import { ca, issue } from '../../support/tls/certificates';
import { connectionOf } from '../../support/connectionOf';
import { emitted } from '../../support/events';

const tls = issue('a.test').pem;
const proxyProtocol = { trusted: ['127.0.0.1'] };
const header = 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n';

const start = (options: Partial<ServerCoreOptions>): Promise<Scenario<typeof serverCore>> =>
  scenario(serverCore, { protocol: echo, openTimeout: 1_000, ...options });

/** Expects that the only connection was closed while it was opening, so that it never had a handler. */
function expectNeverOpened(s: Scenario<typeof serverCore>, durationMs = 1_000): void {
  expect(s).toHaveEmitted({ type: 'connection.closed', reason: 'openTimeout', durationMs });
  expect(s.emitted.map(({ type }) => type)).not.toContain('connection.opened');
  expect(s.clock.pending).toBe(0);
}

describe('openTimeout', () => {
  it('closes a proxy that does not say whom it brings', async () => {
    await using s = await start({ proxyProtocol });
    const client = await s.client();
    await client.sends(header.slice(0, -1));
    await s.advance(999);
    expect(connectionOf(s)).toBeInState({ opening: 'identifying' });
    await s.advance(1);
    expectNeverOpened(s);
    await s.shutsDown();
    expect(s.leftovers()).toEqual([]);
  });

  it('closes a client that does not begin the TLS handshake', async () => {
    await using s = await start({ tls });
    await s.client();
    await s.advance(999);
    expect(connectionOf(s)).toBeInState({ opening: 'handshaking' });
    await s.advance(1);
    expectNeverOpened(s);
  });

  it('is for the PROXY header and the TLS handshake together', async () => {
    await using s = await start({ tls, proxyProtocol });
    const client = await s.client();
    await s.advance(600);
    await client.sends(header);
    expect(connectionOf(s)).toBeInState({ opening: 'handshaking' });
    await s.advance(399);
    expect(connectionOf(s)).toBeInState({ opening: 'handshaking' });
    await s.advance(1);
    expectNeverOpened(s);
  });

  it('does not keep those waiting in a queue from opening: their time begins with their turn', async () => {
    await using s = await start({ proxyProtocol, maxConnections: 1, whenBusy: 'queue' });
    const first = await s.client('first');
    await first.sends(header);
    const second = await s.client('second');
    await s.advance(5_000);
    await first.leaves();
    await s.advance(999);
    await second.sends(`${header}hello`);
    await second.receives('hello');
  });

  it('is 10 s by default', async () => {
    await using s = await scenario(serverCore, { protocol: echo, proxyProtocol });
    await s.client();
    await s.advance(9_999);
    expect(connectionOf(s)).toBeInState({ opening: 'identifying' });
    await s.advance(1);
    expectNeverOpened(s, 10_000);
  });

  it('ends with the opening', async () => {
    await using s = await start({ proxyProtocol });
    const client = await s.client();
    await s.advance(999);
    await client.sends(header);
    await s.advance(60_000);
    await client.isOpen();
    expect(s.clock.pending).toBe(0);
  });

  describe('given a handler that asks for TLS', () => {
    const polite = setupProtocol()
      .extend({ actions: { startTls: emit({ type: 'makessl' }) } })
      .createMachine({
        initial: 'plain',
        states: {
          plain: {
            on: { inbox: { target: 'secure', actions: [{ type: 'reply', params: { data: 'go' } }, 'startTls'] } },
          },
          secure: { on: { inbox: { actions: 'reply' } } },
        },
      });

    it('ends a client that does not shake hands with tlsFailed', async () => {
      await using s = await start({ protocol: polite, tls, starttls: true });
      const client = await s.client();
      await s.advance(5_000);
      await client.sends('STARTTLS');
      await client.receives('go');
      await s.advance(999);
      expect(connectionOf(s)).toBeInState({ open: 'upgrading' });
      await s.advance(1);
      expect(await client.isClosed('tlsFailed')).toMatchObject({ durationMs: 6_000 });
    });

    it('neither counts the handshake as idleness nor its bytes as slow', async () => {
      const limits = { idleTimeout: 500, minReceiveRate: { bytesPerSecond: 100_000, window: 400 } };
      await using s = await start({ protocol: polite, tls, starttls: true, ...limits });
      const raw = s.network.createConnection({ port: 1601 });
      raw.write('STARTTLS');
      await once(raw, 'data');
      await s.advance(900);
      const secure = connect({ socket: raw, ca: ca.pem.cert, servername: 'a.test' });
      await once(secure.resume(), 'secureConnect');
      await s.advance(499);
      expect(connectionOf(s)).toBeInState({ open: 'flowing' });
      const closed = emitted(s.server, 'connection.closed');
      await s.advance(1);
      expect(await closed).toMatchObject({ reason: 'idleTimeout', durationMs: 1_400 });
    });
  });
});

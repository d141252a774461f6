import { describe, expect, it } from '@jest/globals';
import type { ConnectedSocketAdapter } from '../../../machines/connectedSocketAdapter';
import { serverCore, type ServerCoreOptions } from '../../../server/index';
import { scenario, type Scenario, type TestClient } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { connectClient, startServer } from '../../support/fixtures';
import { countsOf, proxied, proxyProtocol, storyOf, textHeader } from '../../support/proxy/proxied';
import { binaryHeader, signature, tlv } from '../../support/proxy/proxyHeaders';
import { Recorder } from '../../support/recorder';
import { emitted } from '../../support/events';

type Core = Scenario<typeof serverCore>;

const header = textHeader('192.0.2.1');
const half = header.subarray(0, 20);

/** A server whose handlers must not start. */
async function start(options: Partial<ServerCoreOptions> = {}): Promise<{ s: Core; recorder: Recorder }> {
  const recorder = new Recorder();
  return { s: await scenario(serverCore, { protocol: recorder.protocol, proxyProtocol, ...options }), recorder };
}

/** Expects that only the events of a connection are left, and that the server serves the next client. */
async function isGone({ s, recorder }: { s: Core; recorder: Recorder }, reason: string): Promise<void> {
  expect(storyOf(s)).toEqual(['opening connection:1 127.0.0.1', `closed connection:1 ${reason}`]);
  expect([recorder.handlers, s.connections, countsOf(s)]).toEqual([[], 0, {}]);
  expect(s.leftovers().filter((line) => line.includes('connection:') || line.includes('timers'))).toEqual([]);
  await proxied(s, header);
  expect(recorder.first.info).toMatchObject({ id: 'connection:2', peer: '192.0.2.1' });
}

describe('A connection whose PROXY header has not come', () => {
  const says = binaryHeader({ tlvs: [tlv(0xe0, Buffer.alloc(300))] });

  it.each([
    ['what is none', Buffer.from('GET / HTTP/1.1\r\n\r\n'), {}, 'the first byte is 0x47'],
    ['a first byte that is wrong', Buffer.of(0), {}, 'the first byte is 0x00'],
    ['an address that is none', Buffer.from('PROXY TCP4 192.0.2.256 '), {}, ''],
    ['one of version 1 without an end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(100)}`), {}, ''],
    ['one of version 3', Buffer.concat([signature, Buffer.of(0x31)]), {}, ''],
    ['one that is too large', says.subarray(0, 16), { maxHeaderBytes: says.length - 1 }, ''],
    ['one that is too large, by default', Buffer.concat([signature, Buffer.of(0x21, 0x11, 0x10, 0)]), {}, ''],
  ])('ends with proxyFailed at %s, without waiting for more', async (_, bytes, limits, problem) => {
    const there = await start({ proxyProtocol: { ...proxyProtocol, ...limits } });
    await using s = there.s;
    const proxy = await proxied(s, bytes);
    const { error } = await proxy.isClosed('proxyFailed');
    expect(error).toMatchObject({ code: 'ERR_PROXY_HEADER', message: expect.stringContaining(problem) });
    await isGone(there, 'proxyFailed');
  });

  it('takes one that is as large as it may be', async () => {
    const there = await start({ proxyProtocol: { ...proxyProtocol, maxHeaderBytes: says.length } });
    await using s = there.s;
    const { recorder } = there;
    await proxied(s, says);
    expect(recorder.first.info.proxy?.tlvs.others).toHaveLength(1);
  });

  it.each([
    ['before', Buffer.alloc(0), 'the connection ended after 0 bytes of the header'],
    ['in the middle of', half, 'the connection ended after 20 bytes of the header'],
  ])('ends with proxyFailed when the proxy ends its side %s it', async (_, bytes, problem) => {
    const there = await start();
    await using s = there.s;
    const proxy = await proxied(s, bytes);
    await proxy.ends();
    const { error } = await proxy.isClosed('proxyFailed');
    expect(error).toMatchObject({ message: `Invalid PROXY header: ${problem}` });
    await proxy.hasClosed();
    await isGone(there, 'proxyFailed');
  });

  it('ends with reset when the proxy breaks it', async () => {
    const there = await start();
    await using s = there.s;
    const proxy = await proxied(s, half);
    await proxy.resets();
    expect(await proxy.isClosed('reset')).toMatchObject({ error: { code: 'ECONNRESET' }, bytesIn: 20 });
    await isGone(there, 'reset');
  });

  it.each([{ openTimeout: 10_000 }, {}])(
    'ends with openTimeout at last, though it trickles in (%j)',
    async (options) => {
      const there = await start(options);
      await using s = there.s;
      const proxy = await s.client();
      for (let n = 0; n < 20; n += 1) {
        await proxy.sends(header.subarray(n, n + 1));
        await s.advance(n < 19 ? 500 : 499);
      }
      await proxy.isOpen();
      await s.advance(1);
      expect(await proxy.isClosed('openTimeout')).toMatchObject({ durationMs: 10_000, bytesIn: 20 });
      await isGone(there, 'openTimeout');
    },
  );

  it('has its time no more once the header is there', async () => {
    const there = await start({ openTimeout: 100 });
    await using s = there.s;
    const proxy = await s.client();
    await s.advance(99);
    await proxy.sends(header);
    await s.advance(3_600_000);
    await proxy.isOpen();
    expect(s.clock.pending).toBe(0);
  });

  it('ends with maxDuration, if that comes first', async () => {
    const there = await start({ maxConnectionDuration: 100 });
    await using s = there.s;
    const proxy = await proxied(s, half);
    await s.advance(100);
    await proxy.isClosed('maxDuration');
    await isGone(there, 'maxDuration');
  });

  it('is not idle or slow: openTimeout is the limit', async () => {
    const there = await start({ idleTimeout: 100, minReceiveRate: { bytesPerSecond: 100, window: 100 } });
    await using s = there.s;
    const proxy = await proxied(s, half);
    await s.advance(9_999);
    await proxy.isOpen();
  });

  it('ends with aborted when its own actor crashes', async () => {
    const there = await start();
    await using s = there.s;
    const proxy = await proxied(s, half);
    const { context } = s.actor('connection:1').getSnapshot() as { context: { CSA: ConnectedSocketAdapter } };
    const CSA: { destroy?: () => void } = context.CSA;
    CSA.destroy = () => {
      delete CSA.destroy;
      throw new Error('under test');
    };
    await proxy.ends();
    expect(await proxy.isClosed('aborted')).toMatchObject({ error: new Error('under test') });
    await isGone(there, 'aborted');
  });
});

describe('The end of a server, while PROXY headers come in', () => {
  const clients = async (s: Core): Promise<readonly TestClient[]> => {
    const [silent, amid] = await s.clients('silent', 'amid');
    await amid.sends(half);
    return [silent, amid];
  };

  it.each([
    ['a drain', { type: 'control.serverShutdown' }, 'serverShutdown'],
    ['a stop', { type: 'control.shutdownMicroprocess' }, 'aborted'],
  ] as const)('is not kept by them from %s', async (_, event, reason) => {
    const there = await start();
    await using s = there.s;
    const { recorder } = there;
    const both = await clients(s);
    await s.send(event);
    for (const client of both) expect(await client.isClosed(reason)).toMatchObject({ durationMs: 0 });
    expect(s.output).toMatchObject({ connections: 2, reasons: { [reason]: 2 } });
    expect([recorder.handlers, countsOf(s), s.leftovers()]).toEqual([[], {}, []]);
  });

  it('takes them with it when its actor is stopped', async () => {
    const there = await start();
    await using s = there.s;
    const { recorder } = there;
    await clients(s);
    s.server.stop();
    await s.settle();
    expect([recorder.handlers, s.leftovers()]).toEqual([[], []]);
  });

  it('lets one whose turn in a staggered drain has not come be identified, and then drains it', async () => {
    const there = await start({ drainStagger: 1_000 });
    await using s = there.s;
    const { recorder } = there;
    const [silent, amid] = await clients(s);
    await s.shutsDown();
    await silent?.isClosed('serverShutdown');
    await amid?.sends(header.subarray(20));
    expect(recorder.first.info).toMatchObject({ peer: '192.0.2.1' });
    await s.advance(1_000);
    recorder.first.emit({ type: 'signal.producerFinished' });
    await s.advance(2_000);
    await amid?.isClosed();
    expect(s.output).toMatchObject({ connections: 2 });
    expect(s.leftovers()).toEqual([]);
  });
});

describe('A PROXY header on TCP', () => {
  // not 'reset': a Node client sends a FIN before its RST, and either may be seen first
  it.each(['garbage', 'end'])('that does not come: %s', async (what) => {
    const { server, port } = await startServer({ proxyProtocol });
    const closed = emitted(server, 'connection.closed');
    const client = await connectClient(port);
    await client.send('PROXY TCP4 1');
    if (what === 'garbage') await client.send('garbage');
    else client.end();
    expect(await closed).toMatchObject({ reason: 'proxyFailed', error: { code: 'ERR_PROXY_HEADER' } });
    await client.closed;
  });

  it('that comes byte by byte, with the payload behind it', async () => {
    const { server, port } = await startServer({ proxyProtocol });
    const opened = emitted(server, 'connection.opened');
    const client = await connectClient(port);
    client.socket.setNoDelay();
    for (const byte of header.subarray(0, -1)) await client.send(Buffer.of(byte));
    await client.send('\nhello');
    expect(await opened).toMatchObject({
      peer: '192.0.2.1',
      proxy: { address: '127.0.0.1', port: client.socket.localPort },
    });
    expect(await client.receiveText('hello')).toBe('hello');
  });
});

import { describe, expect, it } from '@jest/globals';
import type { OnReadOpts } from 'node:net';
import { eventually } from '../../support/events';
import { tooMuch } from '../../support/fixtures';
import { accepted, Net, networks, turns } from '../../support/networks';

/** An `onread`, and what it was called with. */
class Taker implements OnReadOpts {
  readonly buffer: Uint8Array;
  readonly chunks: string[] = [];
  bytes = 0;
  wantsMore = true;

  constructor(size = 65_536) {
    this.buffer = Buffer.alloc(size);
  }

  readonly callback = (length: number, buffer: Uint8Array): boolean => {
    this.bytes += length;
    this.chunks.push(Buffer.from(buffer.subarray(0, length)).toString());
    return this.wantsMore;
  };
}

describe.each(networks)('A socket with onread on %s', (_, make) => {
  const net = new Net(make);

  it('hands what comes to the callback, as much at once as the buffer holds, and no data to the stream', async () => {
    const taker = new Taker(4);
    const [client, server] = await net.pair({ onread: taker });
    await server.write('hello, world');
    await eventually(() => taker.bytes === 12);
    expect(taker.chunks.join('')).toBe('hello, world');
    expect(taker.chunks.every(({ length }) => length <= 4)).toBe(true);
    expect(client.socket.bytesRead).toBe(12);
    expect(client.socket.readableLength).toBe(0);
  });

  it('asks for its next buffer after each chunk', async () => {
    const buffers: Buffer[] = [];
    const used: Uint8Array[] = [];
    const buffer = (): Buffer => {
      const next = Buffer.alloc(4);
      buffers.push(next);
      return next;
    };
    const callback = (_length: number, filled: Uint8Array): boolean => used.push(filled) > 0;
    const [client, server] = await net.pair({ onread: { buffer, callback } });
    expect(buffers.length).toBe(1);
    await server.write('hello, world');
    await eventually(() => client.socket.bytesRead === 12);
    expect(used.length).toBeGreaterThanOrEqual(3);
    expect(buffers.slice(0, -1)).toEqual(used);
    expect(used.every((each, n) => each === buffers[n])).toBe(true);
  });

  it('goes on after a callback that returns nothing', async () => {
    let calls = 0;
    const callback = (() => void (calls += 1)) as unknown as () => boolean;
    const [client, server] = await net.pair({ onread: { buffer: Buffer.alloc(4), callback } });
    await server.write('hello, world');
    await eventually(() => client.socket.bytesRead === 12);
    expect(calls).toBeGreaterThanOrEqual(3);
  });

  it('tells the end and a reset as ever, without anybody reading', async () => {
    const [first, other] = await net.pair({ onread: new Taker() });
    other.socket.end('bye');
    await first.sees('end');
    expect(first.socket.bytesRead).toBe(3);
    const [second, another] = await net.pair({ onread: new Taker() });
    another.socket.resetAndDestroy();
    expect(await second.closed).toEqual(['read ECONNRESET', 'closed by error']);
  });

  it('stays as it is when it is read or resumed after the end', async () => {
    const [client, server] = await net.pair({ onread: new Taker() });
    server.reads().socket.end();
    await client.sees('end');
    client.socket.resume().read();
    // in memory this fails when something goes on for ever
    await net.passes(0);
    expect(client.log).toEqual(['end']);
    client.socket.end();
    expect(await client.closed).toEqual(['end', 'finish', 'closed']);
  });

  it('stops at once when the callback returns false, until it is resumed or read', async () => {
    const taker = new Taker();
    taker.wantsMore = false;
    const [client, server] = await net.pair({ onread: taker });
    void server.write(tooMuch);
    await eventually(() => taker.chunks.length === 1);
    for (let n = 1; n <= 3; n += 1) {
      await turns();
      expect(taker.chunks.length).toBe(n);
      expect(client.socket.bytesRead).toBe(taker.bytes);
      if (n === 1) client.socket.read();
      else client.socket.resume();
      await eventually(() => taker.chunks.length === n + 1);
    }
    expect(taker.bytes).toBeLessThanOrEqual(4 * 65_536);
  });

  it('stops at once when it is paused, so that the peer cannot write on', async () => {
    const taker = new Taker();
    const [client, server] = await net.pair({ onread: taker });
    client.socket.pause();
    const written = server.write(tooMuch);
    await turns();
    expect(taker.bytes).toBe(0);
    expect(server.socket.writableLength).toBe(tooMuch.length);
    client.socket.resume();
    await eventually(() => taker.bytes > tooMuch.length / 2);
    client.socket.pause();
    const { bytes } = taker;
    await turns();
    expect(taker.bytes).toBe(bytes);
    client.socket.resume();
    await eventually(() => taker.bytes === tooMuch.length);
    expect(await written).toBe('written');
  });

  it('stops at once when the callback pauses it', async () => {
    let calls = 0;
    let pause = (): unknown => undefined;
    const callback = (): boolean => {
      calls += 1;
      pause();
      return true;
    };
    const [client, server] = await net.pair({ onread: { buffer: Buffer.alloc(4), callback } });
    pause = () => client.socket.pause();
    await server.write('hello, world');
    await turns();
    expect([calls, client.log]).toEqual([1, []]);
    client.socket.resume();
    await turns();
    expect(calls).toBe(2);
  });

  it('reads on when it is paused and resumed in one moment', async () => {
    const taker = new Taker();
    const [client, server] = await net.pair({ onread: taker });
    client.socket.pause().resume();
    await server.write('still there');
    await eventually(() => taker.bytes === 11);
    client.socket.resume().pause();
    await server.write('not now');
    await turns();
    expect(taker.bytes).toBe(11);
  });

  it('reads nothing when it was paused before it connected', async () => {
    const server = await net.listen();
    const taker = new Taker();
    const arrival = accepted(server);
    const client = net.call(server, { onread: taker });
    client.socket.pause();
    const other = await arrival;
    await other.write('patience');
    await client.sees('connect');
    await turns();
    expect(taker.bytes).toBe(0);
    client.socket.resume();
    await eventually(() => taker.bytes === 8);
  });

  it('hears of neither end nor reset while it is paused', async () => {
    const taker = new Taker();
    const [first, other] = await net.pair({ onread: taker });
    first.socket.pause();
    other.socket.end('bye');
    const [second, another] = await net.pair({ onread: new Taker() });
    second.socket.pause();
    another.socket.resetAndDestroy();
    await turns();
    expect([first.log, second.log]).toEqual([[], []]);
    first.socket.resume();
    await first.sees('end');
    expect(taker.chunks.join('')).toBe('bye');
    second.socket.resume();
    expect(await second.closed).toEqual(['read ECONNRESET', 'closed by error']);
  });

  it('resets when it closes with bytes that the callback has not got', async () => {
    const taker = new Taker(4);
    taker.wantsMore = false;
    const [client, server] = await net.pair({ onread: taker });
    await server.reads().write('hello, world');
    await eventually(() => taker.chunks.length === 1);
    client.socket.destroy();
    expect(await server.closed).toEqual(['read ECONNRESET', 'closed by error']);
  });
});

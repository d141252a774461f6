import { describe, expect, it } from '@jest/globals';
import { createSingleServer, type Bytes, type SingleServerEmitted, type SingleServerOptions } from '../server/index';
import type { Client } from './support/client';
import { collect, emitted } from './support/events';
import { Hosting } from './support/hosting';
import { isServed, leave } from './support/visitors';

type NoSpace = Extract<SingleServerEmitted, { type: 'signal.noSpaceInBox' }>;

describe("SingleServer's inbox, while there is no client", () => {
  const host = new Hosting((options: SingleServerOptions) => createSingleServer({ port: 0, ...options }));

  const inbox = (...all: readonly Bytes[]): void => {
    for (const data of all) host.server.send({ type: 'inbox', data });
  };

  const finish = (): void => {
    host.server.send({ type: 'control.producerFinished' });
  };

  /** What a client gets until the server ends it. */
  const harvest = async (client: Client): Promise<string> => {
    await client.ended;
    const gone = emitted(host.server, 'signal.producerFinished');
    await leave(client);
    await gone;
    return client.received.toString();
  };

  it('waits for the first one, in order, since before the start', async () => {
    const server = createSingleServer({ port: 0 });
    server.send({ type: 'inbox', data: 'one ' });
    const starting = server.start();
    server.send({ type: 'inbox', data: Buffer.from('two ') });
    const { port } = await starting;
    server.send({ type: 'inbox', data: new Uint8Array(Buffer.from('three')) });
    const client = await host.visit(port);
    expect(await client.receiveText('one two three')).toBe('one two three');
    await leave(client);
    expect(await server.shutdown()).toMatchObject({ bytesOut: 13, reasons: { peerClosed: 1 } });
  });

  it('keeps 2,000 small pieces in order, and what comes once the client is there behind them', async () => {
    await host.start({});
    const pieces = Array.from({ length: 2_000 }, (_, n) => `${String(n)};`);
    inbox(...pieces);
    host.server.on('connection.opened', () => {
      inbox('last');
      finish();
    });
    expect(await harvest(await host.visit())).toBe(`${pieces.join('')}last`);
  });

  it('goes to the first client only; after it the inbox waits for the next', async () => {
    await host.start({});
    inbox('first');
    const first = await host.connect();
    finish();
    expect(await harvest(first)).toBe('first');
    inbox('second');
    const second = await host.connect();
    finish();
    expect(await harvest(second)).toBe('second');
    expect(await isServed(host.server, await host.connect())).toBe(true);
  });

  it('arrives whole when it is more than a socket takes at once', async () => {
    await host.start({ maxPendingBytes: 8 * 1024 * 1024 });
    const piece = Buffer.alloc(64 * 1024, 'x');
    inbox(...Array.from({ length: 128 }, () => piece));
    finish();
    const client = await host.visit();
    await client.ended;
    expect(client.received).toHaveLength(8 * 1024 * 1024);
  });

  it('arrives whole when more waits than maxBufferedBytes, at a client that reads', async () => {
    const waiting = 8 * 1024 * 1024;
    await host.start({ maxPendingBytes: waiting, maxBufferedBytes: 64 * 1024 });
    inbox(...Array.from({ length: 128 }, () => Buffer.alloc(64 * 1024, 'x')));
    finish();
    const gone = emitted(host.server, 'connection.closed');
    const client = await host.visit();
    client.socket.on('end', () => client.end());
    expect(await gone).toMatchObject({ reason: 'handlerFinished', bytesOut: waiting });
  });

  describe('bounded by maxPendingBytes', () => {
    it('takes exactly so many, and hands back what would exceed them', async () => {
      await host.start({ maxPendingBytes: 10 });
      const refusals = collect<NoSpace>(host.server, 'signal.noSpaceInBox');
      const tooMuch = Buffer.from('!');
      inbox('12345', '67890', tooMuch, '');
      expect(refusals).toEqual([{ type: 'signal.noSpaceInBox', refused: tooMuch }]);
      expect(refusals[0]?.refused).toBe(tooMuch);
      const client = await host.connect();
      inbox(tooMuch);
      finish();
      expect(await harvest(client)).toBe('1234567890!');
    });

    it('counts bytes, not characters', async () => {
      await host.start({ maxPendingBytes: 5 });
      const refusals = collect<NoSpace>(host.server, 'signal.noSpaceInBox');
      inbox('éé', 'é', '.', '.');
      expect(refusals.map(({ refused }) => refused)).toEqual(['é', '.']);
      const client = await host.connect();
      finish();
      expect(await harvest(client)).toBe('éé.');
    });

    it('takes nothing with 0, and without limit with Infinity', async () => {
      await host.start({ maxPendingBytes: 0 });
      const none = collect<NoSpace>(host.server, 'signal.noSpaceInBox');
      inbox('a', 'b');
      expect(none.map(({ refused }) => refused)).toEqual(['a', 'b']);
      await host.server.shutdown();

      await host.start({ maxPendingBytes: Infinity });
      const some = collect<NoSpace>(host.server, 'signal.noSpaceInBox');
      inbox(Buffer.alloc(4 * 1024 * 1024));
      expect(some).toEqual([]);
    });

    it('has its full room again after a client has taken what waited', async () => {
      await host.start({ maxPendingBytes: 5 });
      const refusals = collect<NoSpace>(host.server, 'signal.noSpaceInBox');
      for (const text of ['first', 'again']) {
        inbox(text);
        finish();
        expect(await harvest(await host.connect())).toBe(text);
      }
      expect(refusals).toEqual([]);
    });
  });

  it('is not harmed by what is neither bytes nor a string', async () => {
    await host.start({});
    inbox(42 as unknown as string, undefined as unknown as string, null as unknown as string);
    expect(host.server.actor.getSnapshot()).toMatchObject({ status: 'active', value: 'idle' });
    const client = await host.connect();
    expect(await isServed(host.server, client)).toBe(true);
    await leave(client);
  });

  describe('with control.producerFinished behind what waits', () => {
    it('ends the first client after that, but not the server', async () => {
      await host.start({});
      inbox('all ', 'there is');
      finish();
      expect(await harvest(await host.connect())).toBe('all there is');
      const second = await host.connect();
      expect(await isServed(host.server, second)).toBe(true);
      await leave(second);
    });

    it('keeps what comes after it for the client after', async () => {
      await host.start({});
      inbox('for the first');
      finish();
      inbox('for the second');
      finish();
      expect(await harvest(await host.connect())).toBe('for the first');
      const second = await host.connect();
      finish();
      expect(await harvest(second)).toBe('for the second');
    });

    it('means nobody when nothing waits', async () => {
      await host.start({});
      finish();
      finish();
      const client = await host.connect();
      expect(await isServed(host.server, client)).toBe(true);
      await leave(client);
    });
  });
});

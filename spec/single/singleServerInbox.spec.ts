import { describe, expect, it } from '@jest/globals';
import { createSingleServer, singleServer } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emittedOf, finish, inbox } from '../support/boxes';
import { Client } from '../support/client';
import { assertServed } from '../support/singleScenario';

describe("SingleServer's inbox, while there is no client", () => {
  it('waits for the first one, in order, since before the start', async () => {
    const server = createSingleServer({ port: 0 });
    server.send({ type: 'inbox', data: 'one ' });
    const starting = server.start();
    server.send({ type: 'inbox', data: Buffer.from('two ') });
    const { port } = await starting;
    server.send({ type: 'inbox', data: new Uint8Array(Buffer.from('three')) });
    const client = await Client.connect(port);
    expect(await client.receiveText('one two three')).toBe('one two three');
    await client.end().closed;
    expect(await server.shutdown()).toMatchObject({ bytesOut: 13, reasons: { peerClosed: 1 } });
  });

  it('keeps 2,000 small pieces in order, and what comes once the client is there behind them', async () => {
    await using s = await scenario(singleServer);
    const pieces = Array.from({ length: 2_000 }, (_, n) => `${String(n)};`);
    for (const data of pieces) s.server.send({ type: 'inbox', data });
    s.server.on('connection.opened', () => {
      s.server.send({ type: 'inbox', data: 'last' });
    });
    await (await s.client()).receives(`${pieces.join('')}last`);
    expect(s).not.toHaveEmitted({ type: 'signal.noSpaceInBox' });
  });

  it('goes to the first client only; after it the inbox waits for the next', async () => {
    await using s = await scenario(singleServer);
    for (const text of ['first', 'second']) {
      await inbox(s, text);
      const client = await s.client(text);
      await finish(s);
      await client.receives(text);
      await client.isClosed('handlerFinished');
    }
    await assertServed(s, await s.client('third'));
    expect(s.closed).toMatchObject([{ bytesOut: 5 }, { bytesOut: 6 }]);
  });

  it.each([
    ['a socket takes at once', 16 * 1024 * 1024],
    ['maxBufferedBytes, at a client that reads', 1_000],
  ])('arrives whole when it is more than %s', async (_, maxBufferedBytes) => {
    await using s = await scenario(singleServer, { maxBufferedBytes });
    const pieces = Array.from({ length: 32 }, (__, n) => Buffer.alloc(16_384, n));
    await inbox(s, ...pieces);
    await finish(s);
    const client = await s.client();
    await client.receives(Buffer.concat(pieces));
    expect(await client.isClosed('handlerFinished')).toMatchObject({ bytesOut: 524_288 });
  });

  describe('bounded by maxPendingBytes', () => {
    it('takes exactly so many, and hands back what would exceed them', async () => {
      await using s = await scenario(singleServer, { maxPendingBytes: 10 });
      const tooMuch = Buffer.from('!');
      await inbox(s, '12345', '67890', tooMuch, '');
      const refusals = emittedOf(s, 'signal.noSpaceInBox');
      expect(refusals).toEqual([{ type: 'signal.noSpaceInBox', refused: tooMuch }]);
      expect(refusals[0]?.refused).toBe(tooMuch);
      const client = await s.client();
      await inbox(s, tooMuch);
      await client.receives('1234567890!');
      await client.receivesNothing();
    });

    it('counts bytes, not characters', async () => {
      await using s = await scenario(singleServer, { maxPendingBytes: 5 });
      await inbox(s, 'éé', 'é', '.', '.');
      expect(emittedOf(s, 'signal.noSpaceInBox').map(({ refused }) => refused)).toEqual(['é', '.']);
      const client = await s.client();
      await client.receives('éé.');
      await client.receivesNothing();
    });

    it('takes nothing with 0, and without limit with Infinity', async () => {
      await using none = await scenario(singleServer, { maxPendingBytes: 0 });
      await inbox(none, 'a', 'b');
      expect(emittedOf(none, 'signal.noSpaceInBox').map(({ refused }) => refused)).toEqual(['a', 'b']);

      await using all = await scenario(singleServer, { maxPendingBytes: Infinity });
      await inbox(all, Buffer.alloc(4 * 1024 * 1024));
      expect(all).not.toHaveEmitted({ type: 'signal.noSpaceInBox' });
    });

    it('has its full room again after a client has taken what waited', async () => {
      await using s = await scenario(singleServer, { maxPendingBytes: 5 });
      for (const text of ['first', 'again']) {
        await inbox(s, text);
        await finish(s);
        await (await s.client(text)).receives(text);
      }
      expect(s).not.toHaveEmitted({ type: 'signal.noSpaceInBox' });
    });
  });

  it('is not harmed by what is neither bytes nor a string', async () => {
    await using s = await scenario(singleServer);
    for (const odd of [42, undefined, null]) await inbox(s, odd as unknown as string);
    expect(s.server).toBeInState('idle');
    await assertServed(s, await s.client());
  });

  describe('with control.producerFinished behind what waits', () => {
    it('ends the first client after that, but not the server', async () => {
      await using s = await scenario(singleServer);
      await inbox(s, 'all ', 'there is');
      await finish(s);
      const first = await s.client('first');
      await first.receives('all there is');
      await first.isClosed('handlerFinished');
      await assertServed(s, await s.client('second'));
      expect(s).toHaveConnections(1);
    });

    it('keeps what comes after it for the client after', async () => {
      await using s = await scenario(singleServer);
      for (const text of ['for the first', 'for the second']) {
        await inbox(s, text);
        await finish(s);
      }
      const first = await s.client('first');
      await first.receives('for the first');
      await first.isClosed('handlerFinished');
      const second = await s.client('second');
      await second.receives('for the second');
      await first.receivesNothing();
      expect(await second.isClosed('handlerFinished')).toMatchObject({ bytesOut: 14 });
    });

    it('means nobody when nothing waits', async () => {
      await using s = await scenario(singleServer);
      await finish(s);
      await finish(s);
      await assertServed(s, await s.client());
      expect(s).toHaveConnections(1);
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import { echo, singleServer, type SingleServerOptions } from '../../../server/index';
import { scenario, type Scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { emittedOf, finish, inbox, outboxOf } from '../../support/boxes';
import { countsOf, headers, proxied, proxyProtocol, storyOf, textHeader } from '../../support/proxy/proxied';
import { assertServed } from '../../support/singleScenario';

type Single = Scenario<typeof singleServer>;

const start = (options: Partial<SingleServerOptions> = {}): Promise<Single> =>
  scenario(singleServer, { proxyProtocol, ...options });

const ada = textHeader('192.0.2.1');
const bob = textHeader('192.0.2.2');

describe('SingleServer with proxyProtocol', () => {
  it.each(headers)('tells of the client after a header of %s, and serves it', async (_, header, told) => {
    await using s = await start();
    const proxy = await proxied(s, header);
    expect(emittedOf(s, 'connection.opening')).toMatchObject([{ peer: '127.0.0.1', peerport: proxy.port }]);
    expect(emittedOf(s, 'connection.opened')).toMatchObject([told]);
    await assertServed(s, proxy);
  });

  it('passes on what comes right behind the header', async () => {
    await using s = await start();
    await proxied(s, `${ada.toString()}hello`);
    expect(outboxOf(s).toString()).toBe('hello');
  });

  it('keeps what is written until the header is there', async () => {
    await using s = await start();
    await inbox(s, 'before, ');
    const proxy = await s.client();
    await inbox(s, 'at once, ', 'amid, ');
    await proxy.sends(ada.subarray(0, 10));
    await inbox(s, 'late');
    await proxy.receivesNothing();
    await proxy.sends(ada.subarray(10));
    await proxy.receives('before, at once, amid, late');
    await assertServed(s, proxy);
  });

  it('keeps what is written in the moment in which the header is there', async () => {
    await using s = await start();
    s.server.on('connection.opened', () => {
      s.server.send({ type: 'inbox', data: 'welcome' });
    });
    const proxy = await s.client();
    await inbox(s, 'before, ');
    await proxy.sends(ada);
    await proxy.receives('before, welcome');
  });

  it('has what waits end the client, with what waits before it', async () => {
    await using s = await start();
    const proxy = await s.client();
    await inbox(s, 'goodbye');
    await finish(s);
    await proxy.isOpen();
    await proxy.sends(ada);
    await proxy.receives('goodbye');
    await proxy.isClosed('handlerFinished');
  });

  it('hands back what exceeds maxPendingBytes before the header is there', async () => {
    await using s = await start({ maxPendingBytes: 4 });
    const proxy = await s.client();
    await inbox(s, 'four', 'five');
    expect(emittedOf(s, 'signal.noSpaceInBox')).toEqual([{ type: 'signal.noSpaceInBox', refused: 'five' }]);
    await proxy.sends(ada);
    await proxy.receives('four');
  });

  it.each([
    ['is turned away', ada.toString(), 'rejected'],
    ['has none', 'GET / HTTP/1.1\r\n', 'proxyFailed'],
  ] as const)('keeps what is written for the next client when one %s', async (_, says, reason) => {
    await using s = await start({ deny: ['192.0.2.1'] });
    await inbox(s, 'for whoever comes');
    const first = await proxied(s, says);
    await first.isClosed(reason);
    await first.receivesNothing();
    expect(s.server).toBeInState('idle');
    const next = await proxied(s, bob);
    await next.receives('for whoever comes');
    expect(countsOf(s)).toEqual({ '192.0.2.2': 1 });
  });

  it('says why it turns a client away', async () => {
    await using s = await start({ allow: ['192.0.2.2'], protocol: echo });
    const first = await proxied(s, ada);
    await first.isRejected('denied');
    await first.isClosed('rejected');
    expect(storyOf(s)).toEqual([
      'opening connection:1 127.0.0.1',
      'rejected connection:1 denied',
      'closed connection:1 rejected',
    ]);
    expect(countsOf(s)).toEqual({});
  });

  it('has one wait for its turn, and for its header then', async () => {
    await using s = await start({ whenBusy: 'queue', protocol: echo });
    const first = await proxied(s, ada);
    const next = await proxied(s, `${bob.toString()}hello`);
    await next.receivesNothing();
    await first.ends();
    await s.advance(0);
    await next.receives('hello');
    expect(countsOf(s)).toEqual({ '192.0.2.2': 1 });
  });

  it('turns those away that are no proxies', async () => {
    await using s = await start();
    const forger = await s.client('forger', { localAddress: '192.0.2.9' });
    await forger.isRejected('untrustedProxy');
    await assertServed(s, await proxied(s, ada));
    await (await s.client('forger', { localAddress: '192.0.2.9' })).isRejected('untrustedProxy');
  });

  it.each([
    ['a drain', { type: 'control.serverShutdown' }, 'serverShutdown'],
    ['a stop', { type: 'control.shutdownMicroprocess' }, 'aborted'],
  ] as const)(
    'ends a connection without its header in %s, and hands back what waits for it',
    async (_, event, reason) => {
      await using s = await start();
      const proxy = await proxied(s, ada.subarray(0, 10));
      await inbox(s, 'for nobody');
      await s.send(event);
      await proxy.isClosed(reason);
      expect(emittedOf(s, 'signal.noSpaceInBox')).toEqual([{ type: 'signal.noSpaceInBox', refused: 'for nobody' }]);
      expect([s.output?.reasons, countsOf(s), s.leftovers()]).toEqual([{ [reason]: 1 }, {}, []]);
    },
  );
});

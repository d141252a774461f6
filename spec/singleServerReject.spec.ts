import { describe, expect, it } from '@jest/globals';
import { createSingleServer, type ServerEmitted, type SingleServerOptions } from '../server/index';
import type { Client } from './support/client';
import { emitted } from './support/events';
import { Hosting } from './support/hosting';
import { isServed, leave, turnedAway } from './support/visitors';

type Rejected = Extract<ServerEmitted, { type: 'connection.rejected' }>;

describe('SingleServer, given a client that is being served', () => {
  const host = new Hosting((options: SingleServerOptions) => createSingleServer({ port: 0, ...options }));
  let first: Client;

  const start = async (options: SingleServerOptions): Promise<void> => {
    await host.start(options);
    first = await host.connect();
  };

  describe("with whenBusy 'reject'", () => {
    it('closes the second, and says who it was and why', async () => {
      await start({});
      const rejected = emitted<Rejected>(host.server, 'connection.rejected');
      const second = await host.visit();
      const { localPort } = second.socket;
      expect(await turnedAway(second)).toEqual({ told: '', ending: 'clean' });
      expect(await rejected).toEqual({
        type: 'connection.rejected',
        reason: 'atCapacity',
        info: expect.objectContaining({
          id: 'connection:2',
          peer: '127.0.0.1',
          peerport: localPort,
          localport: host.port,
        }),
      });
      expect(await isServed(host.server, first)).toBe(true);
      await leave(first);
    });

    it('tells it all of busyReply first, even when it talks at once and listens late', async () => {
      const busyReply = '421 busy, try again\r\n'.repeat(20_000);
      await start({ busyReply });
      const rejected = emitted(host.server, 'connection.rejected');
      const second = (await host.visit()).stopReading();
      second.socket.write('HELO, anybody there?\r\n'.repeat(1_000));
      await rejected;
      second.resumeReading();
      expect(await turnedAway(second)).toEqual({ told: busyReply, ending: 'clean' });
      expect(await isServed(host.server, first)).toBe(true);
      await leave(first);
    });

    it('tells a busyReply of bytes as they are, and an empty one as none', async () => {
      await start({ busyReply: new Uint8Array([0, 0xff, 0x80]) });
      const second = await host.visit();
      await second.ended;
      expect(second.received).toEqual(Buffer.from([0, 0xff, 0x80]));
      await leave(second);
      await leave(first);
      await host.server.shutdown();

      await start({ busyReply: '' });
      expect(await turnedAway(await host.visit())).toEqual({ told: '', ending: 'clean' });
      await leave(first);
    });

    it('turns away any number, polite or not, and then serves the next after the first has left', async () => {
      await start({ busyReply: 'busy' });
      const others = await Promise.all(Array.from({ length: 20 }, () => host.visit()));
      await Promise.all(others.map((client, n) => (n % 2 === 0 ? turnedAway(client) : client.reset().closed)));
      const finished = emitted(host.server, 'signal.producerFinished');
      await leave(first);
      await finished;
      const next = await host.connect();
      expect(await isServed(host.server, next)).toBe(true);
      await leave(next);
      expect(await host.server.shutdown()).toMatchObject({ connections: 2, rejected: 20 });
    });

    it('cuts a rejected client that neither takes the reply nor leaves', async () => {
      await start({ busyReply: Buffer.alloc(64 * 1024 * 1024), lingerTimeout: 20 });
      const rejected = emitted(host.server, 'connection.rejected');
      const second = (await host.visit()).stopReading();
      await rejected;
      // the server closes it with bytes unsent; whether that is a reset or a FIN in the middle is the kernel's choice
      second.resumeReading();
      await Promise.race([second.ended, second.closed]);
      await second.destroy();
      expect(second.received.length).toBeLessThan(64 * 1024 * 1024);
      await leave(first);
    });
  });
});

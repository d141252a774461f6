import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSingleServer, type SingleServerOptions } from '../server/index';
import type { Client } from './support/client';
import { emitted } from './support/events';
import { Hosting } from './support/hosting';
import { isServed, knock, leave } from './support/visitors';

describe('SingleServer, given a client that is being served', () => {
  const host = new Hosting((options: SingleServerOptions) => createSingleServer({ port: 0, ...options }));
  let first: Client;

  const start = async (options: SingleServerOptions): Promise<void> => {
    await host.start(options);
    first = await host.connect();
  };

  describe("with whenBusy 'refuse'", () => {
    it('does not listen until the first has left, and then on the same port, though it was 0', async () => {
      await start({ whenBusy: 'refuse' });
      expect(await knock(host.port)).toBe('ECONNREFUSED');
      expect(await isServed(host.server, first)).toBe(true);

      const listening = emitted(host.server, 'server.listening');
      await leave(first);
      expect(await listening).toEqual({ type: 'server.listening', address: '127.0.0.1', port: host.port });
      expect(host.server.address).toEqual({ address: '127.0.0.1', port: host.port });

      const second = await host.connect();
      expect(await knock(host.port)).toBe('ECONNREFUSED');
      expect(await isServed(host.server, second)).toBe(true);
      await leave(second);
      expect(await host.server.shutdown()).toMatchObject({ connections: 2, rejected: 0 });
    });

    it('does so many times over, also when clients break off', async () => {
      await start({ whenBusy: 'refuse' });
      for (let n = 0; n < 20; n += 1) {
        expect(await knock(host.port)).toBe('ECONNREFUSED');
        const listening = emitted(host.server, 'server.listening');
        if (n % 2 === 0) first.reset();
        await leave(first);
        await listening;
        first = await host.connect();
      }
      await leave(first);
    });

    it('takes a given port back too', async () => {
      await start({});
      await leave(first);
      await host.server.shutdown();
      const given = host.port;
      await start({ whenBusy: 'refuse', port: given });
      expect(await knock(given)).toBe('ECONNREFUSED');
      const listening = emitted(host.server, 'server.listening');
      await leave(first);
      expect(await listening).toMatchObject({ port: given });
      await leave(await host.connect());
    });

    it('does the same on a unix socket', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'busy-'));
      const path = join(folder, 'socket');
      try {
        host.server = createSingleServer({ path, whenBusy: 'refuse' });
        await host.server.start();
        const opened = emitted(host.server, 'connection.opened');
        first = await host.visit({ path });
        await opened;
        expect(await knock({ path })).toBe('ENOENT');
        const listening = emitted(host.server, 'server.listening');
        await leave(first);
        expect(await listening).toEqual({ type: 'server.listening', address: path, port: 0 });
        expect(await knock({ path })).toBe('connected');
        await host.server.shutdown();
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
});

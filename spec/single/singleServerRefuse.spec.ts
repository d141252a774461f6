import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSingleServer, singleServer } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emittedOf } from '../support/boxes';
import { emitted } from '../support/events';
import { connectClient, knock } from '../support/fixtures';
import { assertServed } from '../support/singleScenario';

describe('SingleServer, given a client that is being served', () => {
  describe("with whenBusy 'refuse'", () => {
    it('does not listen until the first has left, and then on the same port, though it was 0', async () => {
      await using s = await scenario(singleServer, { whenBusy: 'refuse', port: 0 });
      const { address } = s.server.getSnapshot().context;
      for (const name of ['first', 'second']) {
        const client = await s.client(name);
        expect(s.server).toBeInState({ connected: 'refusing' });
        await (await s.client('refused')).hasFailed('ECONNREFUSED');
        await assertServed(s, client);
        await client.ends();
        expect(s.server).toBeInState('idle');
      }
      expect(emittedOf(s, 'server.listening')).toEqual(Array(3).fill({ type: 'server.listening', ...address }));
      expect(s.server.getSnapshot().context.address).toEqual(address);
      await s.shutsDown();
      expect(s.output).toMatchObject({ connections: 2, rejected: 0 });
      expect(s.leftovers()).toEqual([]);
    });

    it('does so many times over, also when clients break off', async () => {
      await using s = await scenario(singleServer, { whenBusy: 'refuse' });
      for (let n = 0; n < 20; n += 1) {
        const client = await s.client();
        await (await s.client()).hasFailed('ECONNREFUSED');
        if (n % 2 === 0) await client.resets();
        else await client.ends();
      }
      expect(emittedOf(s, 'server.listening')).toHaveLength(21);
      expect(s.closed.map(({ reason }) => reason)).toEqual(Array(10).fill(['reset', 'peerClosed']).flat());
    });

    it('takes a given port back too', async () => {
      await using s = await scenario(singleServer, { whenBusy: 'refuse', port: 8080 });
      const first = await s.client('first');
      await (await s.client('second', { port: 8080 })).hasFailed('ECONNREFUSED');
      await first.ends();
      expect(emittedOf(s, 'server.listening')).toMatchObject([{ port: 8080 }, { port: 8080 }]);
      await (await s.client('third', { port: 8080 })).isOpen();
    });

    it('does the same on a unix socket', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'busy-'));
      const path = join(folder, 'socket');
      try {
        await using server = createSingleServer({ path, whenBusy: 'refuse' });
        await server.start();
        const opened = emitted(server, 'connection.opened');
        const first = await connectClient({ path });
        await opened;
        expect(await knock({ path })).toBe('ENOENT');
        const listening = emitted(server, 'server.listening');
        await first.end().closed;
        expect(await listening).toEqual({ type: 'server.listening', address: path, port: 0 });
        expect(await knock({ path })).toBe('connected');
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
});

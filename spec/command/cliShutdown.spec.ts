import { describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../support/client';
import type { Command } from '../support/processes/command';
import { installed } from '../support/processes/installation';

/** A handler that answers the server's shutdown, and never finishes by itself. */
const neverFinishing = `
  import { fromCallback } from 'xstate';
  export default fromCallback(({ receive, emit }) => {
    receive((event) => {
      if (event.type === 'control.serverShutdown') emit({ type: 'outbox', data: 'told' });
    });
  });
`;

const polite = `
  import { setupProtocol } from 'serverchart';
  export default setupProtocol().createMachine({
    on: {
      inbox: { actions: 'reply' },
      'control.serverShutdown': { actions: [{ type: 'reply', params: { data: 'goodbye' } }, 'finish'] },
    },
  });
`;

const closing = `
  import { setupProtocol } from 'serverchart';
  export default setupProtocol().createMachine({
    on: {
      inbox: { actions: [{ type: 'reply', params: { data: 'closing' } }, 'shutdownServer'] },
      'control.serverShutdown': { actions: 'finish' },
    },
  });
`;

const ticking = `
  import { echo } from 'serverchart';
  setInterval(() => undefined, 1_000);
  export default echo;
`;

describe('The serverchart command, told to stop', () => {
  const installation = installed();

  const serve = (protocol: string, ...options: readonly string[]): Command =>
    installation.run(
      ['serve', './protocol.mjs', '--port', '0', ...options],
      installation.project({ 'protocol.mjs': protocol }),
    );

  describe('while nobody is connected', () => {
    it.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 on %s', async (signal) => {
      const command = installation.run(['echo', '--port', '0']);
      await command.port();
      command.signal(signal);
      expect(await command.ended).toMatchObject({
        code: 0,
        signal: null,
        stderr: '',
        stdout: expect.stringMatching(/^Served 0 connections: 0 bytes in, 0 bytes out\.\n$/m),
      });
    });
  });

  describe.each([[[]], [['--single']]])('while a client is connected, with %j', (options) => {
    it.each(['SIGINT', 'SIGTERM'] as const)('on %s lets the handler say goodbye, then ends with 0', async (signal) => {
      const command = serve(polite, ...options);
      const client = await Client.connect(await command.port());
      await client.send('hello');
      expect(await client.receiveText(5)).toBe('hello');
      command.signal(signal);
      await command.line(/^Draining 1 connection; Ctrl-C again to cut off at once\.$/);
      expect(await client.receiveText(7)).toBe('goodbye');
      await client.ended;
      client.end();
      expect(await client.closed).toBe('clean');
      const { code, stdout, stderr } = await command.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^Served 1 connection: 5 bytes in, 12 bytes out\.\n$/m);
    });

    it('takes no more clients while it drains', async () => {
      const command = serve(neverFinishing, ...options);
      const port = await command.port();
      const client = await Client.connect(port);
      command.signal('SIGINT');
      expect(await client.receiveText(4)).toBe('told');
      await expect(Client.connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      client.end();
      expect((await command.ended).code).toBe(0);
      await client.closed;
    });

    it('exits at once on a second SIGINT, whatever the handler does', async () => {
      const command = serve(neverFinishing, ...options);
      const client = await Client.connect(await command.port());
      command.signal('SIGINT');
      expect(await client.receiveText(4)).toBe('told');
      // wait as long as a user needs to press a key again
      await delay(300);
      command.signal('SIGINT');
      // 128 + the signal's number, as in shells, and no line of an orderly end
      expect(await command.ended).toMatchObject({
        code: 130,
        signal: null,
        stderr: '',
        stdout: expect.not.stringContaining('Served'),
      });
      await client.destroy();
    });

    it('takes the two signals of one Ctrl-C under npm for one', async () => {
      const command = serve(neverFinishing, ...options);
      const client = await Client.connect(await command.port());
      command.signal('SIGINT');
      command.signal('SIGTERM');
      expect(await client.receiveText(4)).toBe('told');
      client.end();
      expect(await command.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
      await client.closed;
    });

    it('ends with 0 when its protocol shuts the server down', async () => {
      const command = serve(closing, ...options);
      const client = await Client.connect(await command.port());
      await client.send('x');
      expect(await client.receiveText(7)).toBe('closing');
      await client.ended;
      client.end();
      expect(await command.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
      await client.closed;
    });
  });

  it('ends although the module keeps a timer of its own running', async () => {
    const command = serve(ticking);
    await command.port();
    command.signal('SIGINT');
    await command.line(/^Served 0 connections/);
    expect(await command.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });
});

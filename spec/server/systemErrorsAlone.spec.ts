/** The system's errors when a process has no descriptor left, or loses its network: each in a process of its own. */
import { describe, expect, it } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { Child, compiling } from '../support/processes/child';
import { connectClient } from '../support/fixtures';
import type { Client } from '../support/client';
import { root } from '../support/root';

async function echoes(client: Client): Promise<void> {
  await client.send('echo?');
  expect(await client.receiveText('echo?')).toBe('echo?');
}

describe('EMFILE, in a server without descriptorHeadroom', () => {
  /** A server's process. At `hoard` it opens files until no descriptor is left; at `free` it closes them. */
  const program = `
    const { execFileSync } = require('node:child_process');
    const { closeSync, openSync } = require('node:fs');
    const { fromCallback } = require('xstate');
    const files = [];
    const hoard = () => {
      try {
        for (;;) files.push(openSync('/dev/null'));
      } catch (error) {
        say(error.code);
      }
    };
    const protocol = fromCallback(({ receive, emit }) => {
      receive(({ type, data }) => {
        if (type === 'control.serverShutdown') emit({ type: 'signal.producerFinished' });
        if (type !== 'inbox') return;
        if (String(data) === 'hoard') hoard();
        else if (String(data) === 'free') {
          for (const file of files.splice(0)) closeSync(file);
          say('freed');
        } else if (String(data) === 'over') emit({ type: 'serversignal.serverShutdown' });
        else emit({ type: 'outbox', data });
      });
    });
    execFileSync('prlimit', ['--nofile=64', '--pid', String(process.pid)]);
    const server = serverchart.createServerCore({ protocol, port: 0, descriptorHeadroom: 0 });
    const told = [];
    server.on('*', ({ type }) => told.push(type));
    server.start().then(({ port }) => say(port));
    server.closed.then(({ connections, rejected, reasons }) => {
      say({ connections, rejected, reasons, told: told.filter((type) => !type.startsWith('connection.')) });
    });
  `;

  it('costs the clients that come meanwhile their connection, and nobody else anything', async () => {
    const child = new Child(program);
    const port = (await child.hear()) as number;
    const early = await connectClient(port);
    await echoes(early);
    await early.send('hoard');
    expect(await child.hear()).toBe('EMFILE');

    for (let n = 0; n < 20; n += 1) {
      const late = await connectClient(port);
      // libuv closes the client without any event
      expect(await late.closed).toMatch(/^(clean|ECONNRESET)$/);
      await echoes(early);
    }

    await early.send('free');
    expect(await child.hear()).toBe('freed');
    const next = await connectClient(port);
    await echoes(next);
    await next.send('over');
    expect(await child.hear()).toEqual({
      connections: 2,
      rejected: 0,
      reasons: { handlerFinished: 2 },
      told: ['server.listening', '_serversignal.serverShutdown', 'server.draining', 'server.shutdown'],
    });
    child.dismiss();
    expect(await child.ended).toEqual({ code: 0, stderr: '' });
  });
});

/** Needs the right to make a network of its own. On Linux, root nearly always has this right. */
const hasNamespaces = spawnSync('unshare', ['--net', '--map-root-user', 'ip', 'link', 'show']).status === 0;

if (hasNamespaces) {
  describe('ETIMEDOUT, when the way to one client is gone', () => {
    /** A network with two clients. The system gives up on a silent client after a second, not after 15 minutes. */
    const program = `
      const { execFileSync } = require('node:child_process');
      const { writeFileSync } = require('node:fs');
      const { once } = require('node:events');
      const net = require('node:net');
      const { fromCallback } = require('xstate');
      const { createServerCore } = require('./server/index.ts');
      const ip = (...args) => execFileSync('ip', args);
      const far = '10.9.9.9';
      ip('link', 'set', 'lo', 'up');
      ip('address', 'add', far + '/32', 'dev', 'lo');
      writeFileSync('/proc/sys/net/ipv4/tcp_retries2', '2');
      const protocol = (info) => fromCallback(({ receive, emit }) => {
        receive((event) => {
          if (event.type !== 'inbox') return;
          // the client can't get this any more
          if (info.peer === far) ip('address', 'delete', far + '/32', 'dev', 'lo');
          emit({ type: 'outbox', data: event.data });
        });
      });
      const server = createServerCore({ protocol, port: 0 });
      const told = [];
      server.on('connection.closed', ({ id, reason, error }) => told.push({ id, reason, code: error?.code }));
      const echo = async (client) => {
        client.write('echo?');
        const [data] = await once(client, 'data');
        return String(data);
      };
      void (async () => {
        const { port } = await server.start();
        const connect = (localAddress) => net.connect({ port, host: '127.0.0.1', localAddress });
        const near = connect('127.0.0.1');
        const heard = [await echo(near)];
        const closed = new Promise((resolve) => server.on('connection.closed', resolve));
        connect(far).on('error', () => undefined).write('x');
        while (told.length === 0) {
          heard.push(await echo(near));
          await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 50))]);
        }
        const next = connect('127.0.0.1');
        heard.push(await echo(next));
        const { reasons } = await server.shutdown({ timeout: 0 });
        console.log(JSON.stringify({ first: told[0], reasons, heard: [...new Set(heard)] }));
        // our own end of the connection has not noticed yet
        process.exit();
      })();
    `;

    it('is told of that client alone, whatever waits for it, and the others are served', async () => {
      const args = ['--net', '--map-root-user', process.execPath, ...compiling, '--eval', program];
      const { stdout, stderr } = await promisify(execFile)('unshare', args, { cwd: root });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual({
        first: { id: 'connection:2', reason: 'reset', code: 'ETIMEDOUT' },
        reasons: { reset: 1, aborted: 2 },
        heard: ['echo?'],
      });
    });
  });
}

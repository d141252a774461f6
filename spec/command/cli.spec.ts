import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Client } from '../support/client';
import { Command, type CommandResult } from '../support/processes/command';
import { installed } from '../support/processes/installation';
import { root } from '../support/root';

const { version, scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  scripts: { start: string };
};

/** How a command ends that was stopped, and had nothing to complain about. */
const goodEnd = { code: 0, signal: null, stderr: '' } satisfies Partial<CommandResult>;

describe('The serverchart command', () => {
  const installation = installed();

  const echoOnce = async (port: number, host = '127.0.0.1'): Promise<void> => {
    const client = await Client.connect({ port, host });
    await client.send('hello');
    expect(await client.receiveText(5)).toBe('hello');
    client.end();
    expect(await client.closed).toBe('clean');
  };

  const stop = (command: Command): Promise<CommandResult> => {
    command.signal('SIGINT');
    return command.ended;
  };

  describe('asked to echo', () => {
    it('says how to talk to it and how to stop it, and serves', async () => {
      const command = installation.run(['echo', '--port', '0']);
      const [port] = await command.line(/^ServerCore with echo listens on 127\.0\.0\.1 port (\d+)\.$/);
      const [advised] = await command.line(/^Talk to it: +nc 127\.0\.0\.1 (\d+)$/);
      await command.line(/^Stop it: +Ctrl-C$/);
      expect(advised).toBe(port);
      await echoOnce(Number(port));
      expect(await stop(command)).toMatchObject(goodEnd);
    });

    it('tells of each client that comes and goes, and at the end what was served', async () => {
      const command = installation.run(['echo', '-p', '0']);
      await echoOnce(await command.port());
      await command.line(/^connection:1 opened from 127\.0\.0\.1 port \d+$/);
      await command.line(/^connection:1 closed: peerClosed, 5 bytes in, 5 bytes out, \d+\.\d{3} s$/);
      const { stdout } = await stop(command);
      expect(stdout).toMatch(/^Served 1 connection: 5 bytes in, 5 bytes out\.\n$/m);
    });

    it('listens on the host that it is given', async () => {
      const command = installation.run(['echo', '--port', '0', '--host', '0.0.0.0']);
      const [port] = await command.line(/^ServerCore with echo listens on 0\.0\.0\.0 port (\d+)\.$/);
      // an address that clients can connect to, not the one that the server is bound to
      await command.line(new RegExp(`^Talk to it: +nc 127\\.0\\.0\\.1 ${String(port)}$`));
      await echoOnce(Number(port));
      expect(await stop(command)).toMatchObject(goodEnd);
    });

    it('takes a host by name', async () => {
      const command = installation.run(['echo', '--port', '0', '-H', 'localhost']);
      const [host, port] = await command.line(/^Talk to it: +nc (\S+) (\d+)$/);
      expect(['127.0.0.1', '::1']).toContain(host);
      await echoOnce(Number(port), host);
      expect(await stop(command)).toMatchObject(goodEnd);
    });

    it('with --single serves one client at a time', async () => {
      const command = installation.run(['echo', '--single', '--port', '0']);
      const [port] = await command.line(/^SingleServer with echo listens on 127\.0\.0\.1 port (\d+)\.$/);
      const first = await Client.connect(Number(port));
      await first.send('one');
      expect(await first.receiveText(3)).toBe('one');
      const second = await Client.connect(Number(port));
      await second.ended;
      expect(second.received.toString()).toBe('');
      second.end();
      expect(await second.closed).toBe('clean');
      await command.line(/^connection:2 turned away: atCapacity$/);
      await first.send('two');
      expect(await first.receiveText(3)).toBe('two');
      first.end();
      expect(await first.closed).toBe('clean');
      // the port is free before the line is printed
      await command.line(/^connection:1 closed: peerClosed, 6 bytes in, 6 bytes out, /);
      await echoOnce(Number(port));
      expect(await stop(command)).toMatchObject(goodEnd);
    });

    it('runs from a clone by npm start, without a build', async () => {
      // `exec` only saves one process, the shell
      const [program, ...args] = scripts.start.replace(/^exec /, '').split(' ');
      expect(program).toBe('ts-node');
      const tsNode = createRequire(__filename).resolve('ts-node/dist/bin');
      const command = new Command([tsNode, ...args, '--port', '0'], root);
      await echoOnce(await command.port());
      expect(await stop(command)).toMatchObject(goodEnd);
    });
  });

  describe('asked for help', () => {
    it('lists both commands with examples', async () => {
      const { code, stdout, stderr } = await installation.run(['--help']).ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^ {2}echo \[options\] +\S/m);
      expect(stdout).toMatch(/^ {2}serve \[options\] <module> +\S/m);
      expect(stdout).toMatch(
        /^Examples:\n(?: {2}serverchart echo.*\n)+(?: {2}serverchart serve \.\/protocol\.ts.*\n)/m,
      );
      expect(stdout).toContain('nc 127.0.0.1 1601');
    });

    it.each(['echo', 'serve'])('tells the options of %s with their defaults', async (name) => {
      const { code, stdout } = await installation.run([name, '--help']).ended;
      expect(code).toBe(0);
      expect(stdout).toMatch(/--port <port> [^-]*\(default:\s+1601\)/);
      expect(stdout).toMatch(/--host <address> [^-]*\(default:\s+"127\.0\.0\.1"\)/);
      expect(stdout).toContain('--single');
      for (const group of ['To speak TLS', 'To choose and limit clients', 'To run it in production']) {
        expect(stdout).toMatch(new RegExp(`^${group}:\\n {2}-`, 'm'));
      }
    });

    it("serves the protocol that the help's example shows", async () => {
      const { stdout } = await installation.run(['--help']).ended;
      const [, example = ''] = /\(protocol\.ts\):\n((?: {2}.*\n)+)/.exec(stdout) ?? [];
      const cwd = installation.project({ 'protocol.ts': example });
      const command = installation.run(['serve', './protocol.ts', '--port', '0'], cwd);
      const client = await Client.connect(await command.port());
      expect(await client.receiveText('Say something.\n')).toBe('Say something.\n');
      await client.send('hello');
      expect(await client.receiveText(5)).toBe('hello');
      client.end();
      expect(await client.closed).toBe('clean');
      expect(await stop(command)).toMatchObject(goodEnd);
    });

    it('tells its version', async () => {
      const { code, stdout } = await installation.run(['--version']).ended;
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${version}\n` });
    });
  });
});

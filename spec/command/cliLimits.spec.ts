import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Client } from '../support/client';
import type { Command, CommandResult } from '../support/processes/command';
import { installed } from '../support/processes/installation';
import { textHeader } from '../support/proxy/proxied';

/** How a command ends that was stopped, and had nothing to complain about. */
const goodEnd = { code: 0, stderr: '' } satisfies Partial<CommandResult>;

describe("The serverchart command's limits", () => {
  const installation = installed();

  const echo = (...options: readonly string[]): Command => installation.run(['echo', '--port', '0', ...options]);

  const stop = (command: Command): Promise<CommandResult> => {
    command.signal('SIGINT');
    return command.ended;
  };

  /** Connects a client, and disconnects it again. */
  const knock = async (port: number): Promise<void> => {
    const socket = connect(port, '127.0.0.1').resume();
    socket.on('error', () => undefined);
    await once(socket, 'close');
  };

  const served = async (port: number): Promise<Client> => {
    const client = await Client.connect(port);
    await client.send('hello');
    await client.receive(5);
    return client;
  };

  it.each([
    [['--max-connections', '1'], 'atCapacity'],
    [['--max-connections-per-peer', '1'], 'peerLimit'],
    [['--accept-rate', '0.001'], 'rateLimited'],
  ])('with %j turn the second client away', async (options, reason) => {
    const command = echo(...options);
    const port = await command.port();
    const client = await served(port);
    await knock(port);
    await command.line(new RegExp(`^connection:2 turned away: ${reason}$`));
    client.end();
    expect(await stop(command)).toMatchObject(goodEnd);
  });

  it('say when there is no place, and when there is one again', async () => {
    const command = echo('--max-connections', '1');
    const client = await served(await command.port());
    await command.line(/^Full: 1 connection\.$/);
    client.end();
    await command.line(/^Accepts clients again: 0 connections\.$/);
    expect(await stop(command)).toMatchObject(goodEnd);
  });

  it.each([
    [['--deny', '192.0.2.0/24', '--deny', '127.0.0.0/8']],
    [['--allow', '192.0.2.1', '--allow', '2001:db8::/32']],
  ])('with %j turn the addresses away that are not wanted', async (options) => {
    const command = echo(...options);
    await knock(await command.port());
    await command.line(/^connection:1 turned away: denied$/);
    expect(await stop(command)).toMatchObject(goodEnd);
  });

  it('close a connection on which nothing comes, with --idle-timeout, and --single too', async () => {
    const command = echo('--single', '--idle-timeout', '50');
    await knock(await command.port());
    await command.line(/^connection:1 closed: idleTimeout, /);
    expect(await stop(command)).toMatchObject(goodEnd);
  });

  it('go by the address that a proxy tells, with --proxy-protocol', async () => {
    const command = echo('--proxy-protocol', '127.0.0.1', '--deny', '192.0.2.66');
    const port = await command.port();
    const client = await Client.connect(port);
    await client.send(textHeader('192.0.2.1'));
    await command.line(/^connection:1 opened from 192\.0\.2\.1 port 4660$/);
    client.end();
    const other = await Client.connect(port);
    await other.send(textHeader('192.0.2.66'));
    await command.line(/^connection:2 turned away: denied$/);
    await other.destroy();
    expect(await stop(command)).toMatchObject(goodEnd);
  });

  it('turn away who is no trusted proxy', async () => {
    const command = echo('--proxy-protocol', '192.0.2.0/24', '--proxy-protocol', '2001:db8::/32');
    await knock(await command.port());
    await command.line(/^connection:1 turned away: untrustedProxy$/);
    expect(await stop(command)).toMatchObject(goodEnd);
  });

  it.each<[string[], RegExp]>([
    [['--max-connections', '0'], /'--max-connections <count>' argument '0' .* a whole number from 1, or Infinity\.$/],
    [['--max-connections', '1.5'], /'--max-connections <count>'/],
    [['--max-connections-per-peer', ''], /'--max-connections-per-peer <count>' argument ''/],
    [['--max-connections', '1', '--single'], /'--max-connections <count>' cannot be used with option '-1, --single'$/],
    [['--max-connections-per-peer', '1', '--single'], /cannot be used with option '-1, --single'$/],
    [['--accept-rate', '0'], /'--accept-rate <rate>' argument '0' .* It must be a number above 0\.$/],
    [['--accept-rate', '0x10'], /'--accept-rate <rate>'/],
    [['--idle-timeout', '0'], /'--idle-timeout <ms>' .* a whole number of milliseconds from 1 to /],
    [['--allow', '10.0.0.0/33'], /'--allow <cidr>' argument '10\.0\.0\.0\/33' .* an IP address or a CIDR block/],
    [['--deny', '10.0.0.1', '--deny', 'localhost'], /'--deny <cidr>' argument 'localhost'/],
    [['--proxy-protocol', ''], /'--proxy-protocol <cidr>' argument ''/],
  ])('say what is wrong with %j in one line', async (args, expected) => {
    const { code, stdout, stderr } = await echo(...args).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^serverchart: [^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(expected);
  });
});

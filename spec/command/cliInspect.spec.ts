import { describe, expect, it } from '@jest/globals';
import { Client } from '../support/client';
import type { Command, CommandResult } from '../support/processes/command';
import { Page } from '../support/inspect/inspecting';
import { installed } from '../support/processes/installation';

describe('The serverchart command with --inspect', () => {
  const installation = installed();

  const stop = (command: Command): Promise<CommandResult> => {
    command.signal('SIGINT');
    return command.ended;
  };

  const urlOf = async (command: Command): Promise<string> => {
    const [url = ''] = await command.line(/^Watch it: +(http:\/\/127\.0\.0\.1:\d+\/[\w-]+\/)$/);
    return url;
  };

  it('prints where to look, and there is the page with its modules', async () => {
    const command = installation.run(['echo', '--inspect', '--port', '0']);
    const url = await urlOf(command);
    const page = await fetch(url);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const [, main = ''] = /<script type="module" src="\.?\/?(\w+)"/.exec(await page.text()) ?? [];
    const module = await fetch(new URL(main, url));
    expect(module.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(await module.text()).toMatch(/^import .* from '\.\/\w+'/m);
    expect(await stop(command)).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['nothing but types', ['--inspect'], undefined],
    ['contexts and payloads with --inspect-data', ['--inspect-data'], { data: { $bytes: 5, first: '68 65 6c 6c 6f' } }],
  ])('shows %s', async (_, args, payload) => {
    const command = installation.run(['echo', ...args, '--port', '0']);
    const [port] = await command.line(/ port (\d+)\.$/);
    const page = await Page.open({ url: await urlOf(command) });
    const shows = payload !== undefined;
    expect(await page.hear('hello')).toMatchObject({ context: shows, payloads: shows });
    page.say({ type: 'watch', ids: [], auto: 10 });
    await page.record(({ type }) => type === 'watched');
    const client = await Client.connect(Number(port));
    await client.send('hello');
    const inbox = await page.record((record) => record.type === 'event' && record.event.type === 'inbox');
    expect(inbox).toMatchObject({ event: { type: 'inbox', ...(payload && { payload }) } });
    expect('payload' in (inbox as { event: object }).event).toBe(shows);
    await client.destroy();
    await stop(command);
  });

  it('shows the end of the server, too', async () => {
    const command = installation.run(['echo', '--inspect', '--port', '0']);
    const page = await Page.open({ url: await urlOf(command) });
    page.say({ type: 'watch', ids: [], auto: 10 });
    await page.record(({ type }) => type === 'watched');
    const ended = stop(command);
    const last = await page.record((record) => record.type === 'snapshot' && record.status === 'done');
    expect(last).toMatchObject({ value: 'shutdown' });
    expect(await page.closed).toBe(1001);
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('takes a port, and says in one line when it has no luck with it', async () => {
    const first = installation.run(['echo', '--inspect=0', '--port', '0']);
    const { port } = new URL(await urlOf(first));
    const second = await installation.run(['echo', '--inspect', port, '--port', '0']).ended;
    expect(second).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: `serverchart: Can't listen on 127.0.0.1 port ${port}: another program is listening there (EADDRINUSE)\n`,
    });
    await stop(first);
  });

  it.each(['./protocol.js', '2nd.js'])("doesn't take the module %s behind it for its port", async (file) => {
    const protocol = `const { echo } = require('serverchart'); module.exports = echo;`;
    const command = installation.run(
      ['serve', '--inspect', file, '-p', '0'],
      installation.project({ [file]: protocol }),
    );
    expect((await fetch(await urlOf(command))).status).toBe(200);
    await stop(command);
  });

  it('says what a port must be', async () => {
    const { code, stderr } = await installation.run(['echo', '--inspect=x']).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^serverchart: .*--inspect.* A port is a whole number from 0 to 65535\.\n$/);
  });

  it('is not loaded without being asked for', async () => {
    const restore = installation.take('dist/server/inspect');
    const command = installation.run(['echo', '--port', '0']);
    await command.port();
    const { code, stdout } = await stop(command);
    restore();
    expect(code).toBe(0);
    expect(stdout).not.toContain('Watch it');
  });
});

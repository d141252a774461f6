import { describe, expect, it } from '@jest/globals';
import { Client } from '../support/client';
import type { CommandResult } from '../support/processes/command';
import { installed } from '../support/processes/installation';
import { projects, typedHelper, typescript } from '../support/processes/projects';
import { inCi } from '../support/thoroughness';

const goodEnd = { code: 0, signal: null, stderr: '' } satisfies Partial<CommandResult>;

describe('serverchart serve', () => {
  const installation = installed();

  const talk = async (files: Readonly<Record<string, string>>, args: readonly string[]): Promise<CommandResult> => {
    const command = installation.run(['serve', ...args, '--port', '0'], installation.project(files));
    const client = await Client.connect(await command.port());
    expect(await client.receiveText(3)).toBe('hi!');
    await client.send('hello');
    expect(await client.receiveText(5)).toBe('hello');
    client.end();
    expect(await client.closed).toBe('clean');
    command.signal('SIGINT');
    return command.ended;
  };

  describe.each(inCi(projects, projects.slice(0, 3)))('given a module in %s', (_, file, filesFor) => {
    it('serves the logic that it exports', async () => {
      expect(await talk(filesFor('logic'), [`./${file}`])).toMatchObject(goodEnd);
    });

    it('serves what the factory that it exports makes', async () => {
      expect(await talk(filesFor('factory'), [`./${file}`])).toMatchObject(goodEnd);
    });
  });

  it('finds a module without ./ before its name, and says what it serves', async () => {
    const cwd = installation.project({ 'my protocol.mjs': "export { echo as default } from 'serverchart';" });
    const command = installation.run(['serve', 'my protocol.mjs', '--port', '0'], cwd);
    await command.line(/^ServerCore with my protocol\.mjs listens on 127\.0\.0\.1 port \d+\.$/);
    command.signal('SIGINT');
    expect((await command.ended).code).toBe(0);
  });

  it('is as ready with --single', async () => {
    const files = { 'helper.ts': typedHelper, 'protocol.ts': typescript('export default logic;') };
    expect(await talk(files, ['protocol.ts', '--single'])).toMatchObject(goodEnd);
  });

  it('goes on when the handler of one client throws, and says so', async () => {
    const text = `
      import { fromCallback } from 'xstate';
      export default fromCallback(({ emit, receive }) => {
        receive((event) => {
          if (event.type !== 'inbox') return;
          if (event.data.toString() === 'crash') throw new Error('a bug of mine');
          emit({ type: 'outbox', data: event.data });
        });
      });
    `;
    const cwd = installation.project({ 'protocol.mjs': text });
    const command = installation.run(['serve', './protocol.mjs', '--port', '0'], cwd);
    const port = await command.port();
    const [first, second] = [await Client.connect(port), await Client.connect(port)];
    await first.send('crash');
    await first.ended;
    first.end();
    await command.line(/^connection:1 closed: handlerFailed, 5 bytes in, 0 bytes out, /);
    await second.send('hello');
    expect(await second.receiveText(5)).toBe('hello');
    second.end();
    await Promise.all([first.closed, second.closed]);
    command.signal('SIGINT');
    const { code, stderr } = await command.ended;
    expect(code).toBe(0);
    // here the stack is what the user wants to see
    expect(stderr).toMatch(/^connection:1 failed: Error: a bug of mine\n +at .*protocol\.mjs:6:/);
  });

  it('tells of a factory that returns no logic, when a client meets it', async () => {
    const cwd = installation.project({ 'protocol.mjs': 'export default () => 42;' });
    const command = installation.run(['serve', './protocol.mjs', '--port', '0'], cwd);
    const client = await Client.connect(await command.port());
    await client.ended;
    client.end();
    await command.line(/^connection:1 closed: handlerFailed/);
    await client.closed;
    command.signal('SIGINT');
    const { code, stderr } = await command.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('The protocol factory returned 42 instead of actor logic');
  });
});

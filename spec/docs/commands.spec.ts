import { describe, expect, it } from '@jest/globals';
import { Command as Parser } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addServerFlags } from '../../server/command/serverFlags';
import { Client } from '../support/client';
import { blocksIn, pages, readPage } from '../support/pages';
import { Command } from '../support/processes/command';
import { installed } from '../support/processes/installation';
import { root } from '../support/root';
import { issue } from '../support/tls/certificates';

/** The lines of a page that are typed into a terminal. A line that ends in a backslash includes the next one. */
const linesOf = (page: string): string[] =>
  blocksIn(page).flatMap((block) => block.replaceAll(/\\\n */g, '').split('\n'));

/** The arguments of `serverchart` in each line that begins with it. */
const commandsOf = (page: string): string[][] =>
  linesOf(page).flatMap((line) => {
    const [, args = ''] = /^(?:npx )?serverchart ([^#]+)/.exec(line) ?? [];
    return args === '' ? [] : [args.trim().split(' ')];
  });

const commands = pages.flatMap((page) => commandsOf(page).map((args): [string, string[]] => [args.join(' '), args]));

describe('The documentation', () => {
  it('has commands', () => {
    expect(commands.length).toBeGreaterThan(8);
    expect(commandsOf('README.md')).toHaveLength(3);
  });

  it.each(commands)('has what the command can be asked: serverchart %s', (_, [name = '', ...args]) => {
    const program = new Parser().exitOverride().configureOutput({ writeErr: () => undefined });
    addServerFlags(program.command('echo'));
    addServerFlags(program.command('serve').argument('<module>'));
    program.command('diagram').argument('<machine>').option('-o, --output <file>');
    // cli.ts does the same: the port can be left out
    const given = args.map((arg) => (arg === '--inspect' ? '--inspect=0' : arg));
    expect(() => program.parse([name, ...given], { from: 'user' })).not.toThrow();
  });

  it('names scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = pages.flatMap((page) =>
      [...readPage(page).matchAll(/\bnpm (?:run (?:-s )?([\w:]+)|(start|test)\b)/g)].map(([, run, own]) => run ?? own),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name = '') => !(name in scripts))).toEqual([]);
  });
});

describe('A newcomer who pastes what the README has', () => {
  const installation = installed();
  const [server = '', , order = '', test = '', app = ''] = blocksIn('README.md', 'ts');
  const [serve = [], diagram = [], operate = []] = commandsOf('README.md');
  const files = { 'server.mjs': server, 'order.mjs': order, 'order.test.mjs': test, 'app.mjs': app };

  it('runs the server by node server.mjs, and stops it by Ctrl-C', async () => {
    const program = new Command(['server.mjs'], installation.project(files));
    const [host = '', port] = await program.line(/^Talk to it: nc (\S+) (\d+)$/);
    const client = await Client.connect({ host, port: Number(port) });
    await client.send('hello');
    expect(await client.receiveText(5)).toBe('hello');
    client.end();
    await program.line(/^connection:1 ended: peerClosed, 5 bytes in$/);
    program.signal('SIGINT');
    await program.line(/^connections served: 1$/);
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('runs the tests by node --test', async () => {
    const { code, stdout } = await new Command(['--test', '--test-reporter=tap'], installation.project(files)).ended;
    expect(stdout).toMatch(/^# pass 2$/m);
    expect(code).toBe(0);
  });

  it('runs the machine with a server in it, to its end', async () => {
    const program = new Command(['app.mjs'], installation.project(files));
    expect(await program.ended).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('serves the protocol, and watches it', async () => {
    const command = installation.run([...serve, '--port', '0'], installation.project(files));
    const client = await Client.connect(await command.port());
    expect(await client.receiveText('What would you like? ')).toBe('What would you like? ');
    command.signal('SIGINT');
    expect(await client.receiveText('We are closing.\n')).toBe('We are closing.\n');
    const { code, stdout } = await command.ended;
    expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\//);
    expect(code).toBe(0);
    await client.destroy();
  });

  it('draws the protocol', async () => {
    const project = installation.project(files);
    expect(await installation.run(diagram, project).ended).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(join(project, 'order.svg'))).toBe(true);
  });

  it('operates the server', async () => {
    const { keyFile, certFile } = issue('readme.test');
    const pem = { 'key.pem': readFileSync(keyFile, 'utf8'), 'cert.pem': readFileSync(certFile, 'utf8') };
    // a spec listens on loopback, on any free port
    const args = operate.map((arg) => arg.replace(/^9090$/, '0').replace('0.0.0.0', '127.0.0.1'));
    expect(args).not.toEqual(operate);
    const command = installation.run([...args, '--port', '0'], installation.project({ ...files, ...pem }));
    const [urls = ''] = await command.line(/"event":"command.started"(.*)/);
    const [, ready = ''] = /"ready":"([^"]+)"/.exec(urls) ?? [];
    expect(await (await fetch(ready)).text()).toBe('ready\n');
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
  });
});

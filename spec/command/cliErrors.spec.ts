import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { CommandResult } from '../support/processes/command';
import { installed } from '../support/processes/installation';
import { inCi } from '../support/thoroughness';

const actor = `
  import { createActor } from 'xstate';
  import { echo } from 'serverchart';
  export default createActor(echo);
`;

describe('The serverchart command, given what it cannot do', () => {
  const installation = installed();

  /** Expects that a command failed as it should, and returns the one line that it printed. */
  const complaint = ({ code, signal, stdout, stderr }: CommandResult): string => {
    // one line, so no stack either
    expect({ code, signal, stdout, stderr }).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: expect.stringMatching(/^\S[^\n]*\S\n$/),
    });
    return stderr.trimEnd();
  };

  const serve = async (file: string, text?: string): Promise<string> => {
    const cwd = installation.project(text === undefined ? {} : { [file]: text });
    return complaint(await installation.run(['serve', `./${file}`, '--port', '0'], cwd).ended);
  };

  describe('on its command line', () => {
    it.each(['65536', '-1', 'http', '1.5', '0x10', ''])('refuses the port %j', async (port) => {
      const line = complaint(await installation.run(['echo', '--port', port]).ended);
      expect(line).toContain(`'${port}'`);
      expect(line).toMatch(/whole number from 0 to 65535/);
    });

    it.each([
      [['ecko'], /unknown command 'ecko'/],
      [['echo', '--prot', '0'], /unknown option '--prot'/],
      [['echo', '--port'], /'-p, --port <port>' argument missing/],
      [['echo', 'loud'], /too many arguments for 'echo'/],
      [['serve'], /missing required argument 'module'/],
      [['echo', '--port', '0', '--host', ''], /'host' is '', but must be a string that is not empty/],
    ])('refuses %j', async (args, expected) => {
      expect(complaint(await installation.run(args).ended)).toMatch(expected);
    });
  });

  describe('as a place to listen', () => {
    it.each([[[]], [['--single']]])('names the port that is in use, with %j', async (options) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as { port: number };
      const line = complaint(await installation.run(['echo', '--port', String(port), ...options]).ended);
      expect(line).toBe(
        `serverchart: Can't listen on 127.0.0.1 port ${String(port)}: another program is listening there (EADDRINUSE)`,
      );
      other.close();
      await once(other, 'close');
    });

    it('names the address that this machine does not have', async () => {
      // TEST-NET-3: no machine has this address (RFC 5737)
      const line = complaint(await installation.run(['echo', '--port', '0', '--host', '203.0.113.1']).ended);
      expect(line).toBe("serverchart: Can't listen on 203.0.113.1: this machine has no such address (EADDRNOTAVAIL)");
    });
  });

  describe('as a module to serve', () => {
    it('names the file that is not there', async () => {
      expect(await serve('nowhere.ts')).toBe("serverchart: There is no file './nowhere.ts'.");
    });

    it('names a folder', async () => {
      const cwd = installation.project({ 'protocol/readme.txt': '' });
      const line = complaint(await installation.run(['serve', './protocol', '--port', '0'], cwd).ended);
      expect(line).toContain("'./protocol'");
      // the message is about the user's mistake, not about the file in this package that found it
      expect(line).not.toContain('loadModule.js');
    });

    it('advises nothing about TypeScript for a file that is no program', async () => {
      const line = await serve('notes.txt', 'Buy milk.');
      expect(line).toContain("'./notes.txt'");
      expect(line).not.toContain('ts-node');
    });

    it.each([
      ['exports nothing', 'export {};', /has no protocol: /],
      ['exports no default', 'export const protocol = () => undefined;', /has no protocol: /],
      ['exports a number', 'export default 42;', /has no protocol: .* but is 42\.$/],
      ['exports null', 'export default null;', /has no protocol: .* but is null\.$/],
      ['exports an actor, not its logic', actor, /has no protocol: .* an instance of Actor\.$/],
    ])('says so of a module that %s', async (_, text, expected) => {
      expect(await serve('protocol.mjs', text)).toMatch(expected);
      expect(await serve('protocol.ts', text)).toMatch(expected);
    });

    it.each([
      ['an error', "throw new Error('no database');", /no database/],
      ['an error of several lines', String.raw`throw new Error('no database\nno disk');`, /no database/],
      ['a string', "throw 'no database';", /no database/],
      ['nothing', 'throw undefined;', /can't be loaded/],
      ['an error without a message', 'throw new Error();', /can't be loaded: \S/],
    ])('says why when it throws %s', async (_, text, expected) => {
      for (const file of inCi(['protocol.mjs', 'protocol.cjs', 'protocol.ts'], ['protocol.ts'])) {
        const line = await serve(file, text);
        expect(line).toContain(`'./${file}'`);
        expect(line).toMatch(expected);
      }
    });

    it.each(['protocol.mjs', 'protocol.cjs', 'protocol.ts', 'protocol.mts'])(
      'names a syntax error in %s',
      async (file) => {
        const line = await serve(file, 'const answer = {{;\n');
        expect(line).toMatch(new RegExp(`'\\./${file}' can't be loaded: .*(Unexpected token|expected)`));
      },
    );

    it.each(['protocol.mjs', 'protocol.cjs', 'protocol.ts'])(
      'names what %s imports and does not exist',
      async (file) => {
        const text = file.endsWith('.cjs') ? "require('./helper.js');" : "import './helper.js';";
        expect(await serve(file, text)).toMatch(new RegExp(`'\\./${file}' can't be loaded: .*helper\\.js`));
      },
    );

    it('says so of one that never finishes loading', async () => {
      const line = await serve('protocol.mjs', 'await new Promise(() => undefined); export default 42;');
      expect(line).toContain("'./protocol.mjs'");
    });
  });
});

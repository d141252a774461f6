import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import ts from 'typescript';
import type { AnyActorLogic } from 'xstate';
import * as serverchart from '../../server/index';
import * as inspect from '../../server/inspect/index';
import * as log from '../../server/log/index';
import * as metrics from '../../server/metrics/index';
import * as testing from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { Client } from '../support/client';
import { asModule, orderFile, programs } from '../support/documentation';
import { issue } from '../support/tls/certificates';

/** A block gets this in place of `process`. Only the spec sends its signals. */
const signals = Object.assign(new EventEmitter(), { stderr: new PassThrough().resume() });

const { keyFile, certFile } = issue('docs.test');
const files: Readonly<Record<string, string>> = { 'key.pem': keyFile, 'cert.pem': certFile };

/** The servers that the blocks have made. */
const servers: serverchart.ServerCore[] = [];
const createServerCore: typeof serverchart.createServerCore = (options) => {
  const server = serverchart.createServerCore(options);
  servers.push(server);
  return server;
};

async function run(code: string, others: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const { outputText } = ts.transpileModule(asModule(code), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const tests: (() => Promise<void>)[] = [];
  const test = (_: string, body: () => Promise<void>): unknown => tests.push(body);
  const ours: Record<string, unknown> = {
    serverchart: { ...serverchart, createServerCore },
    'serverchart/inspect': inspect,
    'serverchart/log': log,
    'serverchart/metrics': metrics,
    'serverchart/testing': testing,
    'serverchart/testing/jest-globals': {},
    '@jest/globals': { expect, test },
    'node:test': { test },
    'node:fs': { readFileSync: (name: string) => readFileSync(files[name] ?? name) },
    [orderFile]: { __esModule: true, ...others },
  };
  const load = (name: string): unknown => ours[name] ?? jest.requireActual(name);
  const exports: { block?: () => Promise<Record<string, unknown>> } = {};
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const program = new Function('require', 'exports', 'process', outputText);
  (program as (require: unknown, exports: unknown, process: unknown) => void)(load, exports, signals);
  const exported = (await exports.block?.()) ?? {};
  for (const body of tests) await body();
  return exported;
}

async function converse(protocol: unknown, talk: (client: Client) => Promise<void>): Promise<void> {
  await using server = serverchart.createServerCore({ protocol: protocol as AnyActorLogic, port: 0 });
  const client = await Client.connect((await server.start()).port);
  await talk(client);
  await client.destroy();
}

describe('The documentation', () => {
  const exported: Record<string, unknown> = {};
  const said: string[] = [];

  beforeAll(async () => {
    jest.spyOn(console, 'log').mockImplementation((text: unknown) => void said.push(String(text)));
    for (const code of programs) Object.assign(exported, await run(code, exported));
  });

  afterAll(() => {
    jest.restoreAllMocks();
  });

  it('has an echo that echoes', async () => {
    await converse(exported['echo'], async (client) => {
      await client.send('hello');
      expect(await client.receiveText(5)).toBe('hello');
    });
  });

  it('has an order that keeps what arrives while it prepares', async () => {
    await converse(exported['default'], async (client) => {
      expect(await client.receiveText('What would you like? ')).toBe('What would you like? ');
      await client.send('tea');
      expect(await client.receiveText('One moment.\n')).toBe('One moment.\n');
      await client.send('and cake');
      const rest = 'What would you like? One moment.\nWhat would you like? ';
      expect(await client.receiveText(rest)).toBe(rest);
    });
  });

  it('has a server that serves until Ctrl-C, and another one that takes a new certificate meanwhile', async () => {
    const port = Number((/^Talk to it: nc 127\.0\.0\.1 (\d+)$/m.exec(said.join('\n')))?.[1]);
    const client = await Client.connect(port);
    await client.send('hello');
    expect(await client.receiveText(5)).toBe('hello');
    await client.destroy();
    const reloaded = servers
      .filter(({ actor, address }) => actor.getSnapshot().status === 'active' && address !== undefined)
      .filter(({ actor }) => actor.getSnapshot().context.options.tls !== undefined)
      .map((server) => new Promise((resolve) => server.on('*', resolve)));
    expect(reloaded).toHaveLength(1);
    signals.emit('SIGHUP');
    expect(await Promise.all(reloaded)).toEqual([{ type: 'server.tlsReloaded' }]);
    const told = new Promise<void>((resolve) => {
      jest.mocked(console.log).mockImplementation((text: unknown) => {
        if (text === 'connections served: 1') resolve();
      });
    });
    signals.emit('SIGINT');
    await told;
    await Promise.all(servers.filter(({ address }) => address !== undefined).map(({ closed }) => closed));
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import type { ServerCoreOptions } from '../../server/index';
import { compiling } from '../support/processes/child';
import type { Client } from '../support/client';
import { Command, endCommands } from '../support/processes/command';
import { connect, destroyClients, echoes, fate } from '../support/fates';
import { root } from '../support/root';
import { inCi } from '../support/thoroughness';

/**
 * An echo server that sets its own limit of 64 descriptors, as `ulimit -n 64` would. On SIGUSR2 it prints its counts,
 * and the milliseconds of CPU time that it uses within the next two seconds.
 */
const program = (options: Partial<ServerCoreOptions>): string => `
const { createServerCore, echo } = require('./server/index.ts');
require('node:child_process').execFileSync('prlimit', ['--nofile=64', '--pid', String(process.pid)]);
const say = (word, value) => console.log(word, JSON.stringify(value));
const server = createServerCore({ protocol: echo, port: 0, ...${JSON.stringify(options)} });
const reasons = {};
server.on('server.full', (event) => say('full', event));
server.on('server.accepting', (event) => say('accepting', event));
server.on('connection.rejected', ({ reason }) => (reasons[reason] = (reasons[reason] ?? 0) + 1));
process.on('SIGUSR2', () => {
  const before = process.cpuUsage();
  setTimeout(() => {
    const { user, system } = process.cpuUsage(before);
    const { connections } = server.actor.getSnapshot().context.tally;
    say('counted', { connections, reasons, cpuMs: (user + system) / 1000 });
  }, 2000);
});
process.on('SIGTERM', () => void server.shutdown({ timeout: 0 }).then((summary) => say('ended', summary)));
void server.start().then(({ port }) => say('listens', port));
`;

interface ServerCounts {
  readonly connections: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly cpuMs: number;
}

afterEach(async () => {
  await destroyClients();
  await endCommands();
});

class ServerProcess {
  readonly #command: Command;

  constructor(options: Partial<ServerCoreOptions>) {
    this.#command = new Command([...compiling, '-e', program(options)], root);
  }

  /** Waits for the server's next line with this word. */
  async says(word: string): Promise<unknown> {
    const [json = ''] = await this.#command.line(new RegExp(`^${word} (.*)$`));
    return JSON.parse(json) as unknown;
  }

  async counts(): Promise<ServerCounts> {
    this.#command.signal('SIGUSR2');
    return (await this.says('counted')) as ServerCounts;
  }

  /** Ends the server. Returns what it has served, and what went wrong. */
  async ends(): Promise<unknown> {
    this.#command.signal('SIGTERM');
    const summary = await this.says('ended');
    const { stderr } = await this.#command.ended;
    return { summary, stderr };
  }
}

const connectMany = (port: number, count: number): Promise<Client[]> =>
  Promise.all(Array.from({ length: count }, () => connect(port)));

/** Far more than the limit. Each one that is turned away costs a while. */
const crowdSize = inCi(500, 120);

describe(`ServerCore under ulimit -n 64, with ${String(crowdSize)} clients`, () => {
  it.each<[string, Partial<ServerCoreOptions>]>([
    ['no limit of its own', {}],
    ["whenBusy 'refuse'", { maxConnections: 400, whenBusy: 'refuse' }],
  ])('and %s, serves some throughout, turns the others away at once, and takes clients again', async (_, options) => {
    const server = new ServerProcess(options);
    const port = (await server.says('listens')) as number;
    const early = await connectMany(port, 5);
    for (const client of early) expect(await echoes(client, 'before')).toBe('before');

    const crowd = await connectMany(port, crowdSize);
    const fates = await Promise.all(crowd.map(fate));
    const served = crowd.filter((__, n) => fates[n] === 'served');
    expect(served.length).toBeGreaterThanOrEqual(12);
    const descriptors = { open: 49, limit: 64 };
    expect(await server.says('full')).toMatchObject({
      reason: 'descriptors',
      connections: served.length + 5,
      descriptors,
    });

    const { cpuMs, ...counted } = await server.counts();
    // the server has seen each client: at EMFILE, some of them would have been closed without its notice
    expect(counted).toEqual({ connections: served.length + 5, reasons: { descriptors: crowdSize - served.length } });
    // eight checks take little CPU time; a busy loop takes 2,000 ms
    expect(cpuMs).toBeLessThan(200);
    for (const client of [...early, ...served]) expect(await echoes(client, 'during')).toBe('during');

    for (const client of served) await client.destroy();
    expect(await server.says('accepting')).toMatchObject({ type: 'server.accepting' });
    expect(await fate(await connect(port))).toBe('served');
    for (const client of early) expect(await echoes(client, 'after')).toBe('after');
    const summary = { connections: served.length + 6, rejected: crowdSize - served.length };
    expect(await server.ends()).toMatchObject({ summary, stderr: '' });
  });

  it("and whenBusy 'queue', serves in their turn those who got a descriptor to wait with", async () => {
    const server = new ServerProcess({ maxConnections: 6, whenBusy: 'queue', maxQueued: 1_000 });
    const port = (await server.says('listens')) as number;
    const early = await connectMany(port, 5);
    for (const client of early) expect(await echoes(client, 'before')).toBe('before');

    const crowd = await connectMany(port, crowdSize);
    const fates = await Promise.all(
      crowd.map(async (client) => {
        const end = await fate(client);
        // the place that is free goes to the next client
        await client.destroy();
        return end;
      }),
    );
    expect(await server.says('full')).toMatchObject({ reason: 'maxConnections', connections: 6 });
    expect(await server.says('full')).toMatchObject({ reason: 'descriptors', connections: 6 });
    const served = fates.filter((end) => end === 'served').length;
    expect(served).toBeGreaterThanOrEqual(12);

    expect(await server.says('accepting')).toMatchObject({ connections: 5 });
    expect(await fate(await connect(port))).toBe('served');
    for (const client of early) expect(await echoes(client, 'after')).toBe('after');
    const summary = { connections: served + 6, rejected: crowdSize - served };
    expect(await server.ends()).toMatchObject({ summary, stderr: '' });
  });
});

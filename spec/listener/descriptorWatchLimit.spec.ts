import { afterEach, describe, expect, it } from '@jest/globals';
import { compiling } from '../support/processes/child';
import { Command, endCommands } from '../support/processes/command';
import { connect, destroyClients, echoes, fate } from '../support/fates';
import { root } from '../support/root';

/**
 * An echo server on a real socket, which sets its own limit of 64 descriptors, as `ulimit -n 64` would. On `?` it
 * prints its counts, and the milliseconds of CPU time that it uses within the next two seconds.
 */
const program = `
require('node:child_process').execFileSync('prlimit', ['--nofile=64', '--pid', String(process.pid)]);
const { createServer } = require('node:net');
const { DescriptorWatch } = require('./actors/listener/descriptorWatch');
const say = (word) => (value) => console.log(word, JSON.stringify(value));
const watch = new DescriptorWatch({ clock: globalThis, listener: { short: say('short'), spare: say('spare') } });
let accepted = 0;
let rejected = 0;
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  accepted += 1;
  watch.onAccept();
  if (watch.isShort) {
    rejected += 1;
    socket.destroy();
    return;
  }
  socket.on('data', (data) => {
    if (String(data) !== '?') {
      socket.write(data);
      return;
    }
    const before = process.cpuUsage();
    setTimeout(() => {
      const { user, system } = process.cpuUsage(before);
      say('counted')({ accepted, rejected, cpuMs: (user + system) / 1000 });
    }, 2000);
  });
});
server.listen(0, '127.0.0.1', () => say('listens')(server.address().port));
`;

afterEach(async () => {
  await destroyClients();
  await endCommands();
});

describe('Under ulimit -n 64, with 500 clients', () => {
  it('some are served throughout, the others closed at once, and others again when those leave', async () => {
    const server = new Command([...compiling, '-e', program], root);
    const next = async (word: string): Promise<unknown> => {
      const [json = ''] = await server.line(new RegExp(`^${word} (.*)$`));
      return JSON.parse(json);
    };
    const port = (await next('listens')) as number;
    const early = await Promise.all(Array.from({ length: 5 }, () => connect(port)));
    for (const client of early) expect(await echoes(client, 'before')).toBe('before');

    const crowd = await Promise.all(Array.from({ length: 500 }, () => connect(port)));
    const fates = await Promise.all(crowd.map(fate));
    expect(await next('short')).toEqual({ open: 49, limit: 64 });
    const served = crowd.filter((_, n) => fates[n] === 'served');
    expect(served.length).toBeGreaterThanOrEqual(12);

    await early[0]?.send('?');
    const counted = (await next('counted')) as Readonly<Record<'accepted' | 'rejected' | 'cpuMs', number>>;
    // the server has seen each client: at EMFILE, Node would have closed some of them without its notice
    expect(counted).toMatchObject({ accepted: 505, rejected: 500 - served.length });
    // eight checks take little CPU time; a busy loop takes 2,000 ms
    expect(counted.cpuMs).toBeLessThan(200);
    for (const client of [...early, ...served]) expect(await echoes(client, 'during')).toBe('during');

    for (const client of served) await client.destroy();
    expect(await next('spare')).toMatchObject({ limit: 64 });
    expect(await fate(await connect(port))).toBe('served');
    for (const client of early) expect(await echoes(client, 'after')).toBe('after');

    server.signal('SIGTERM');
    expect(await server.ended).toMatchObject({ signal: 'SIGTERM', stderr: '' });
  });
});

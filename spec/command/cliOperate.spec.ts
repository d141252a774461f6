import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../support/client';
import type { Command, CommandResult } from '../support/processes/command';
import { installed } from '../support/processes/installation';
import { ask, values, valueOf } from '../support/scraping';

const farewell = `
  import { fromCallback } from 'xstate';
  export default fromCallback(({ receive, emit }) => {
    receive((event) => {
      if (event.type === 'inbox') emit({ type: 'outbox', data: event.data });
      if (event.type === 'control.serverShutdown') emit({ type: 'outbox', data: 'told' });
    });
  });
`;

const throwing = `
  import { fromCallback } from 'xstate';
  export default fromCallback(({ receive }) => {
    receive((event) => {
      if (event.type === 'inbox') throw new Error('under test');
    });
  });
`;

describe('The serverchart command, for those who operate it', () => {
  const installation = installed();

  const stop = (command: Command): Promise<CommandResult> => {
    command.signal('SIGINT');
    return command.ended;
  };

  const serve = (protocol: string, ...options: readonly string[]): Command =>
    installation.run(
      ['serve', './protocol.mjs', '--port', '0', ...options],
      installation.project({ 'protocol.mjs': protocol }),
    );

  const portOf = async (command: Command): Promise<number> =>
    Number((await command.line(/ listens on \S+ port (\d+)\.$/))[0]);

  const urlAfter = async (command: Command, words: string): Promise<string> =>
    (await command.line(new RegExp(`^${words}: +(http://\\S+)$`)))[0] ?? '';

  const talk = async (port: number, text: string): Promise<Client> => {
    const client = await Client.connect(port);
    await client.send(text);
    await client.receive(text.length);
    return client;
  };

  describe('with --metrics-port', () => {
    it('serves what Prometheus wants to know', async () => {
      const command = installation.run(['echo', '--port', '0', '--metrics-port', '0']);
      const port = await portOf(command);
      const url = await urlAfter(command, 'Measure it');
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
      const first = await talk(port, 'hello');
      first.end();
      await command.line(/^connection:1 closed: peerClosed, 5 bytes in, 5 bytes out/);
      const second = await talk(port, 'hi');
      const { status, headers, text } = await ask(url);
      expect({ status, type: headers['content-type'] }).toEqual({
        status: 200,
        type: 'text/plain; version=0.0.4; charset=utf-8',
      });
      const expected = {
        connections_open: 1,
        connections_accepted_total: 2,
        'connections_closed_total{reason="peerClosed"}': 1,
        connection_duration_seconds_count: 1,
        received_bytes_total: 7,
        sent_bytes_total: 7,
        ready: 1,
        'state{state="listening.accepting"}': 1,
      };
      const found = values(text);
      for (const [name, value] of Object.entries(expected)) {
        expect([name, found.get(`serverchart_${name}`)]).toEqual([name, value]);
      }
      expect((await ask(new URL('/readyz', url).href)).status).toBe(404);
      await second.destroy();
      expect(await stop(command)).toMatchObject({ code: 0, stderr: '' });
    });

    it('counts those that --single turns away', async () => {
      const command = installation.run(['echo', '--single', '--port', '0', '--metrics-port', '0']);
      const port = await portOf(command);
      const url = await urlAfter(command, 'Measure it');
      const client = await talk(port, 'x');
      const other = await Client.connect(port);
      await command.line(/^connection:2 turned away/);
      const { text } = await ask(url);
      expect(valueOf(text, 'serverchart_connections_rejected_total{reason="atCapacity"}')).toBe(1);
      await Promise.all([client.destroy(), other.destroy()]);
      await stop(command);
    });
  });

  describe('with --ready-port', () => {
    it('tells load balancers that it lives and is ready, at the port of the metrics if that is the same', async () => {
      const command = installation.run(['echo', '--port', '0', '--ready-port', '0', '--metrics-port', '0']);
      await portOf(command);
      const [metrics, ready] = [await urlAfter(command, 'Measure it'), await urlAfter(command, 'Probe it')];
      expect(new URL(ready).origin).toBe(new URL(metrics).origin);
      expect(await ask(ready)).toMatchObject({ status: 200, text: 'ready\n' });
      expect(await ask(new URL('/livez', ready).href)).toMatchObject({ status: 200, text: 'live\n' });
      expect((await ask(metrics)).status).toBe(200);
      await stop(command);
    });

    it('is not ready while nobody else would be served', async () => {
      const command = installation.run(['echo', '--single', '--port', '0', '--ready-port', '0']);
      const port = await portOf(command);
      const url = await urlAfter(command, 'Probe it');
      expect((await ask(url)).status).toBe(200);
      const client = await talk(port, 'x');
      expect(await ask(url)).toMatchObject({ status: 503, text: 'not ready: connected.rejecting\n' });
      expect((await ask(new URL('/livez', url).href)).status).toBe(200);
      await client.destroy();
      await command.line(/^connection:1 closed/);
      expect((await ask(url)).status).toBe(200);
      await stop(command);
    });

    it('on SIGTERM is unready first, still serving, then drains, and answers until the end', async () => {
      const command = serve(farewell, '--ready-port', '0', '--ready-delay', '500');
      const port = await portOf(command);
      const url = await urlAfter(command, 'Probe it');
      const client = await talk(port, 'x');
      command.signal('SIGTERM');
      await command.line(/^Not ready any more; draining in 0\.5 s\.$/);
      expect(await ask(url)).toMatchObject({ status: 503, text: 'not ready: about to drain\n' });
      const late = await talk(port, 'late');
      expect(await client.receiveText(4)).toBe('told');
      expect(await late.receiveText(4)).toBe('told');
      await expect(Client.connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      expect(await ask(url)).toMatchObject({ status: 503, text: 'not ready: draining.finishing\n' });
      expect((await ask(new URL('/livez', url).href)).status).toBe(200);
      client.end();
      late.end();
      expect(await command.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    });

    it.each([
      ['SIGINT, since somebody waits', 'SIGINT', '60000'],
      ['SIGTERM with --ready-delay 0', 'SIGTERM', '0'],
    ] as const)('drains at once on %s', async (_, signal, readyDelay) => {
      const command = installation.run(['echo', '--port', '0', '--ready-port', '0', '--ready-delay', readyDelay]);
      await command.port();
      command.signal(signal);
      const { code, stdout } = await command.ended;
      expect(code).toBe(0);
      expect(stdout).not.toContain('Not ready any more');
    });

    it('ends at once on a second SIGTERM', async () => {
      const command = installation.run(['echo', '--port', '0', '--ready-port', '0', '--ready-delay', '60000']);
      await command.port();
      command.signal('SIGTERM');
      await command.line(/^Not ready any more/);
      // wait until a second signal counts as meant
      await delay(300);
      command.signal('SIGTERM');
      // 128 + the signal's number
      expect(await command.ended).toMatchObject({ code: 143, signal: null, stderr: '' });
    });
  });

  it('asks the ports of another address with --monitor-host', async () => {
    const args = ['echo', '--port', '0', '--ready-port', '0', '--monitor-host', '::1'];
    const command = installation.run(args);
    await portOf(command);
    const url = await urlAfter(command, 'Probe it');
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+\/readyz$/);
    expect((await ask(url)).status).toBe(200);
    await stop(command);
  });

  describe('with --log', () => {
    const records = (stdout: string): Record<string, unknown>[] =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);

    it('json writes one object a line, and nothing else, down to the last', async () => {
      const command = installation.run(['echo', '--port', '0', '--metrics-port', '0', '--log', 'json']);
      const [listening = ''] = await command.line(/^(.*"server\.listening".*)$/);
      const { port } = JSON.parse(listening) as { port: number };
      await command.line(
        /"event":"command\.started","kind":"ServerCore","protocol":"echo","encrypted":false,"metrics":"http:/,
      );
      const client = await talk(port, 'hello');
      client.end();
      await command.line(/"connection\.closed"/);
      const { code, stdout, stderr } = await stop(command);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const lines = records(stdout);
      expect(lines.map(({ event }) => event)).toEqual([
        'server.listening',
        'command.started',
        'connection.opened',
        'connection.closed',
        'server.draining',
        'server.shutdown',
      ]);
      for (const { level, time } of lines) {
        expect(level).toBe('info');
        expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      }
      expect(lines[3]).toMatchObject({ id: 'connection:1', reason: 'peerClosed', bytesIn: 5, bytesOut: 5 });
    });

    it('json writes what a handler threw', async () => {
      const command = serve(throwing, '--log', 'json');
      const [port] = await command.line(/"server\.listening".*"port":(\d+)/);
      const client = await Client.connect(Number(port));
      await client.send('x');
      const [line = ''] = await command.line(/^(.*"connection\.failed".*)$/);
      expect(JSON.parse(line)).toMatchObject({
        level: 'error',
        id: 'connection:1',
        err: { type: 'Error', message: 'under test', stack: expect.stringContaining('protocol.mjs') },
      });
      await client.destroy();
      expect(await stop(command)).toMatchObject({ code: 0, stderr: '' });
    });

    it('pretty writes for people', async () => {
      const command = installation.run(['echo', '--port', '0', '--log', 'pretty']);
      const [port] = await command.line(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: server\.listening \{.*"port":(\d+)\}$/);
      const client = await talk(Number(port), 'x');
      client.end();
      await command.line(/INFO: connection\.closed \{"id":"connection:1","reason":"peerClosed".*\}$/);
      const { code, stdout, stderr } = await stop(command);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/INFO: server\.shutdown \{.*\}\n$/);
    });

    it.each(['json', 'pretty'])('%s goes on serving when nobody reads it any more', async (format) => {
      const cli = 'node_modules/serverchart/dist/server/command/cli.js';
      const command = spawn(process.execPath, [cli, 'echo', '--port', '0', '--log', format], {
        cwd: installation.project({}),
      });
      let stderr = '';
      command.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
      const [line] = (await once(command.stdout, 'data')) as [Buffer];
      const [, port] = /"port":(\d+)/.exec(line.toString()) ?? [];
      const ended = once(command, 'close');
      command.stdout.destroy();
      for (const text of ['one', 'two']) {
        const client = await talk(Number(port), text);
        client.end();
        await client.closed;
      }
      command.kill('SIGINT');
      expect({ ended: await ended, stderr }).toEqual({ ended: [0, null], stderr: '' });
    });
  });

  describe('given what it cannot do', () => {
    it.each([
      [['--log', 'xml'], /'--log <format>' argument 'xml' is invalid. Allowed choices are json, pretty\./],
      [['--ready-port', 'x'], /'--ready-port <port>'.* A port is a whole number/],
      [['--metrics-port', '65536'], /'--metrics-port <port>'.* A port is a whole number/],
      [['--ready-delay', '-1'], /'--ready-delay <ms>'.* A delay is a whole number of milliseconds/],
      [['--ready-delay', '2147483648'], /from 0 to 2147483647/],
      [['--ready-port', '0', '--monitor-host', ''], /'monitorHost' is '', but must be a string that is not empty/],
    ])('says so in one line: %j', async (args, expected) => {
      const { code, stdout, stderr } = await installation.run(['echo', '--port', '0', ...args]).ended;
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^serverchart: [^\n]+\n$/);
      expect(stderr).toMatch(expected);
    });

    it.each(['--ready-port', '--metrics-port'])('names the port of %s that is in use', async (option) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as { port: number };
      const { code, stderr } = await installation.run(['echo', '--port', '0', option, String(port)]).ended;
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `serverchart: Can't listen on 127.0.0.1 port ${String(port)}: another program is listening there (EADDRINUSE)\n`,
      });
      other.close();
      await once(other, 'close');
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import { chatServer } from '../examples/chat';
import { echoServer } from '../examples/echo';
import { greetingServer } from '../examples/greeting';
import { loginServer } from '../examples/login';
import type { ServerCore } from '../server/index';
import { emitted } from './support/events';
import { Hosting } from './support/hosting';
import { leave } from './support/visitors';

describe('The example', () => {
  const host = new Hosting((create: (port: number) => ServerCore) => create(0));

  it('echo sends back whatever comes', async () => {
    await host.start(echoServer);
    const client = await host.connect();
    await client.send('hello');
    expect(await client.receiveText('hello')).toBe('hello');
    await leave(client);
  });

  it('greeting tells each client where it is and where it comes from, then echoes', async () => {
    await host.start(greetingServer);
    for (const text of ['one', 'two']) {
      const client = await host.connect();
      const { localPort } = client.socket;
      const expected = `Welcome! You have connected to 127.0.0.1 on port ${String(host.port)} from 127.0.0.1 on port ${String(localPort)}\n`;
      expect(await client.receiveText(expected)).toBe(expected);
      await client.send(text);
      expect(await client.receiveText(text)).toBe(text);
    }
    const summary = host.server.shutdown();
    await host.leaveAll();
    expect(await summary).toMatchObject({ reasons: { handlerFinished: 2 } });
  });

  it('chat tells everybody else what one says, and who comes and goes', async () => {
    await host.start(chatServer);
    const one = await host.connect();
    const two = await host.connect();
    expect(await one.receiveText('connection:2 has come\n')).toBe('connection:2 has come\n');
    const three = await host.connect();
    for (const client of [one, two]) {
      expect(await client.receiveText('connection:3 has come\n')).toBe('connection:3 has come\n');
    }
    await one.send('hi all\n');
    for (const client of [two, three]) {
      expect(await client.receiveText('connection:1: hi all\n')).toBe('connection:1: hi all\n');
    }
    three.reset();
    for (const client of [one, two]) {
      expect(await client.receiveText('connection:3 has left\n')).toBe('connection:3 has left\n');
    }
    // nobody hears himself
    expect([one.received, two.received]).toEqual([Buffer.alloc(0), Buffer.alloc(0)]);
  });

  it('login asks, checks, listens and says goodbye, however the lines are cut', async () => {
    await host.start(loginServer);
    const client = await host.connect();
    const says = async (text: string): Promise<void> => {
      expect(await client.receiveText(text)).toBe(text);
    };
    await says('Name: ');
    await client.send('Ren');
    await client.send(Buffer.from('é\r\n').subarray(0, 1));
    await client.send(Buffer.from('é\r\n').subarray(1));
    await says('Password: ');
    await client.send('guess\nRené\nsesame\none\ntw');
    await says('Name: Password: Hello, René!\nYou said: one\n');
    await client.send('o\nquit\nignored\n');
    await says('You said: two\nBye.\n');
    await client.ended;
    expect(await leave(client)).toBe('clean');
    expect(client.received).toHaveLength(0);
  });

  it('login says goodbye when the server drains, and cuts a client that sends no line at all', async () => {
    await host.start(loginServer);
    const endless = await host.connect();
    const aborted = emitted(host.server, 'connection.closed');
    endless.socket.write('x'.repeat(2_000));
    expect(await aborted).toMatchObject({ id: 'connection:1', reason: 'aborted' });
    const client = await host.connect();
    const summary = host.server.shutdown();
    await client.ended;
    expect(client.received.toString()).toBe('Name: Bye.\n');
    await leave(client);
    expect(await summary).toMatchObject({ connections: 2, reasons: { aborted: 1, handlerFinished: 1 } });
  });
});

import { describe, expect, it } from '@jest/globals';
import { chatServer } from '../../examples/chat';
import { echoServer } from '../../examples/echo';
import { greetingServer } from '../../examples/greeting';
import { loginServer } from '../../examples/login';
import { mailServer } from '../../examples/starttls';
import { issue } from '../support/tls/certificates';
import { emitted } from '../support/events';
import { openClient, started } from '../support/fixtures';
import { encrypt } from '../support/tls/tlsServers';

describe('The example', () => {
  it('echo sends back whatever comes', async () => {
    const host = await started(echoServer(0));
    const client = await openClient(host);
    await client.send('hello');
    expect(await client.receiveText('hello')).toBe('hello');
  });

  it('greeting tells each client where it is and where it comes from, then echoes', async () => {
    const host = await started(greetingServer(0));
    for (const text of ['one', 'two']) {
      const client = await openClient(host);
      const { localPort } = client.socket;
      const expected = `Welcome! You have connected to 127.0.0.1 on port ${String(host.port)} from 127.0.0.1 on port ${String(localPort)}\n`;
      expect(await client.receiveText(expected)).toBe(expected);
      await client.send(text);
      expect(await client.receiveText(text)).toBe(text);
    }
    expect(await host.server.shutdown()).toMatchObject({ reasons: { handlerFinished: 2 } });
  });

  it('chat tells everybody else what one says, and who comes and goes', async () => {
    const host = await started(chatServer(0));
    const one = await openClient(host);
    const two = await openClient(host);
    expect(await one.receiveText('connection:2 has come\n')).toBe('connection:2 has come\n');
    const three = await openClient(host);
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
    // a client doesn't get its own message
    expect([one.received, two.received]).toEqual([Buffer.alloc(0), Buffer.alloc(0)]);
  });

  it('login asks, checks, listens and says goodbye, however the lines are cut', async () => {
    const host = await started(loginServer(0));
    const client = await openClient(host);
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
    expect(await client.closed).toBe('clean');
    expect(client.received).toHaveLength(0);
  });

  it('login says goodbye when the server drains, and cuts a client that sends no line at all', async () => {
    const host = await started(loginServer(0));
    const endless = await openClient(host);
    const aborted = emitted(host.server, 'connection.closed');
    endless.socket.write('x'.repeat(2_000));
    expect(await aborted).toMatchObject({ id: 'connection:1', reason: 'aborted' });
    const client = await openClient(host);
    const summary = host.server.shutdown();
    expect((await client.receiveAll()).toString()).toBe('Name: Bye.\n');
    expect(await summary).toMatchObject({ connections: 2, reasons: { aborted: 1, handlerFinished: 1 } });
  });

  it('starttls goes over to TLS, and throws away what came in plain text with the word for it', async () => {
    const host = await started(mailServer(0, issue('a.test').pem));
    const raw = await openClient(host);
    const says = async (client: typeof raw, text: string): Promise<void> => {
      expect(await client.receiveText(text)).toBe(text);
    };
    await says(raw, '220 mail.example\r\n');
    await raw.send('EHLO me\r\nMAIL FROM:<me>\r\nstart');
    await says(raw, '250-mail.example\r\n250 STARTTLS\r\n530 Say STARTTLS first\r\n');
    await raw.send('tls\r\nQUIT\r\nRCPT TO:<mallory');
    await says(raw, '220 Go ahead\r\n');
    const client = encrypt(raw);
    await client.send('EHLO me\r\n');
    await says(client, '250 mail.example\r\n');
    await client.send('NOOP\r\nQUIT\r\n');
    await says(client, '502 That is all there is so far\r\n221 Bye\r\n');
    await client.ended;
    expect(client.received).toHaveLength(0);
  });
});

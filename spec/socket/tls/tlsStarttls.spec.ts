import { beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { ca, issue } from '../../support/tls/certificates';
import { OpensslClient } from '../../support/tls/openssl';
import { isLeft, readAll, TlsServing } from '../../support/tls/tlsServing';

const a = issue('a.test');
const starttls = 'STARTTLS\r\n';

/** Answers one line. Bytes that came behind the line go back to the socket before the upgrade. */
const oneLine = (reply: string) => (socket: Socket, upgrade: () => void) => {
  let received = '';
  const read = (data: Buffer): void => {
    received += data.toString('latin1');
    const end = received.indexOf('\r\n') + 2;
    if (end < 2) return;
    socket.off('data', read).pause();
    socket.write(reply);
    if (end < received.length) socket.unshift(Buffer.from(received.slice(end), 'latin1'));
    upgrade();
  };
  socket.on('data', read).resume();
};

describe('STARTTLS', () => {
  let serving: TlsServing;
  beforeEach(async () => {
    serving = await TlsServing.start(a.pem, oneLine('220 go ahead\r\n'));
  });

  /** Sends `first` as plain text, and reads the reply. */
  async function say(first: string | Buffer): Promise<Socket> {
    const client = await serving.connectRaw();
    client.write(first);
    const [reply] = (await once(client, 'data')) as [Buffer];
    expect(String(reply)).toBe('220 go ahead\r\n');
    return client;
  }

  it('goes over to TLS on the same socket', async () => {
    const client = await serving.connect({}, await say(starttls));
    client.write('hello');
    const { raw, tls } = await serving.secured();
    const [data] = (await once(tls.resume(), 'data')) as [Buffer];
    expect(String(data)).toBe('hello');
    expect(tls.remotePort).toBe(raw.remotePort);
  });

  it('takes a handshake that comes in one packet with it', async () => {
    const raw = await serving.connectRaw();
    const reply = '220 go ahead\r\n';
    let before = Buffer.from(starttls);
    let expected = reply.length;
    const eager = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _, done) => {
        raw.write(Buffer.concat([before, chunk]), done);
        before = Buffer.alloc(0);
      },
    });
    raw.on('data', (data: Buffer) => {
      eager.push(data.subarray(expected));
      expected = Math.max(0, expected - data.length);
    });
    const client = connect({ socket: eager, ca: ca.pem.cert, servername: 'a.test' });
    client.write('hello');
    const { tls } = await serving.secured();
    const [data] = (await once(tls.resume(), 'data')) as [Buffer];
    expect(String(data)).toBe('hello');
    client.destroy();
  });

  it.each([
    ['in one packet with it', (client: Socket): unknown => client.write(`${starttls}RCPT TO:<mallory>\r\n`)],
    [
      'right behind it',
      (client: Socket): void => {
        client.write(starttls);
        setImmediate(() => client.write('RCPT TO:<mallory>\r\n'));
      },
    ],
  ])('never takes plain text that was sent %s for decrypted', async (_, send) => {
    const client = await serving.connectRaw();
    send(client);
    expect((await serving.failed()).code).toMatch(/^ERR_SSL_/);
    await isLeft(client);
    expect(serving.told).toHaveLength(1);
  });

  it('never takes plain text that was sent before a good handshake for decrypted', async () => {
    const client = await serving.connectRaw();
    client.write(`${starttls}RCPT TO:<mallory>\r\n`);
    const encrypted = await serving.connect({}, client);
    encrypted.write('hello');
    expect((await serving.failed()).code).toMatch(/^ERR_SSL_/);
  });
});

describe('STARTTLS with openssl s_client', () => {
  it('works as SMTP has it', async () => {
    const serving = await TlsServing.start(a.pem, (socket, upgrade) => {
      const replies = ['250-hello\r\n250 STARTTLS\r\n', '220 go ahead\r\n'];
      socket.write('220 smtp.test\r\n');
      const answer = (): void => {
        socket.write(replies.shift() ?? '');
        if (replies.length > 0) return;
        socket.off('data', answer);
        upgrade();
      };
      socket.on('data', answer).resume();
    });
    const client = new OpensslClient(serving.port, '-starttls', 'smtp', '-quiet');
    const { tls } = await serving.secured();
    tls.end('250 safe\r\n');
    await client.prints('250 safe');
    expect(await client.exited).toBe(0);
  });
});

describe('Before the handshake', () => {
  it('what waits to be written leaves as plain text', async () => {
    const long = 'x'.repeat(4_000_000);
    const serving = await TlsServing.start(a.pem, (socket, upgrade) => {
      socket.write(`${long}\r\n`);
      expect(socket.writableLength).toBeGreaterThan(0);
      upgrade();
    });
    const client = await serving.connectRaw();
    let received = '';
    for await (const data of client.iterator({ destroyOnReturn: false })) {
      received += String(data);
      if (received.endsWith('\r\n')) break;
    }
    expect(received).toBe(`${long}\r\n`);
    const encrypted = await serving.connect({}, client);
    const { tls } = await serving.secured();
    tls.end('hello');
    expect(String(await readAll(encrypted))).toBe('hello');
  });

  it('what was read and put back belongs to it, even if the socket still flows', async () => {
    const serving = await TlsServing.start(a.pem, (socket, upgrade) => {
      socket.once('data', (data: Buffer) => {
        socket.unshift(data);
        upgrade();
      });
      socket.resume();
    });
    const client = await serving.connect();
    client.write('hello');
    const { tls } = await serving.secured();
    const [data] = (await once(tls.resume(), 'data')) as [Buffer];
    expect(String(data)).toBe('hello');
  });

  it('a client that has ended its side is no client for TLS', async () => {
    const serving = await TlsServing.start(a.pem, (socket, upgrade) => {
      socket.on('end', upgrade).resume();
    });
    const client = await serving.connectRaw();
    client.end('bye');
    expect((await serving.failed()).code).toBe('ECONNRESET');
    await isLeft(client);
  });
});

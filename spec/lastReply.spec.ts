import { afterEach, describe, expect, it } from '@jest/globals';
import { createServerCore, type ServerCore, type ServerCoreOptions, type ServerEmitted } from '../server/index';
import { Client } from './support/client';
import { emitted } from './support/events';
import { Recorder } from './support/recorder';

type Closed = Extract<ServerEmitted, { type: 'connection.closed' }>;

const MiB = 1024 * 1024;

/**
 * A close with bytes that nobody has read makes the kernel send a reset, and that can destroy what is still on its way
 * to the peer (RFC 2525, section 2.17).
 */
describe('The last reply of a handler', () => {
  let server: ServerCore;
  let client: Client;
  let closed: Promise<Closed>;

  /** A handler that answers the first bytes and finishes, whatever else comes. */
  const serve = async (reply: Buffer, options: Partial<ServerCoreOptions> = {}): Promise<void> => {
    const recorder = new Recorder((event, { emit, write }) => {
      if (event.type !== 'inbox') return;
      write(reply);
      emit({ type: 'signal.producerFinished' });
    });
    server = createServerCore({ protocol: recorder.protocol, port: 0, ...options });
    closed = emitted<Closed>(server, 'connection.closed');
    client = await Client.connect((await server.start()).port);
  };

  afterEach(async () => {
    await client.destroy();
    await server.shutdown({ timeout: 0 });
  });

  it.each([
    ['of three bytes', Buffer.from('bye')],
    ['of 3 MiB', Buffer.alloc(3 * MiB, 'bye')],
  ])('%s arrives whole while the peer goes on sending megabytes', async (_, reply) => {
    await serve(reply);
    client.socket.write(Buffer.alloc(16 * MiB));
    expect((await client.receive(reply.length)).equals(reply)).toBe(true);
    await client.ended;
    client.socket.end(Buffer.alloc(MiB));
    expect(await client.closed).toBe('clean');
    expect(await closed).toMatchObject({ reason: 'handlerFinished', bytesIn: 17 * MiB, bytesOut: reply.length });
  });

  it('arrives when the peer reads only after it has sent everything', async () => {
    const reply = Buffer.alloc(100_000, 'bye');
    await serve(reply);
    client.stopReading();
    await client.send(Buffer.alloc(16 * MiB));
    client.resumeReading();
    expect((await client.receive(reply.length)).equals(reply)).toBe(true);
    client.end();
    expect(await client.closed).toBe('clean');
    expect(await closed).toMatchObject({ reason: 'handlerFinished', bytesIn: 16 * MiB, bytesOut: reply.length });
  });

  it('arrives, and a peer that never ends its side is cut after lingerTimeout', async () => {
    await serve(Buffer.from('bye'), { lingerTimeout: 50 });
    await client.send('hello');
    await client.ended;
    expect(client.received.toString()).toBe('bye');
    expect(await closed).toMatchObject({ reason: 'handlerFinished', bytesIn: 5, bytesOut: 3 });
  });

  it('is not renamed by a reset that comes after it', async () => {
    await serve(Buffer.from('bye'));
    await client.send('hello');
    await client.ended;
    client.reset();
    expect(await closed).toMatchObject({ reason: 'handlerFinished', bytesIn: 5, bytesOut: 3 });
    expect(await closed).not.toHaveProperty('error');
  });
});

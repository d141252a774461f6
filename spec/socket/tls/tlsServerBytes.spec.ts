import { describe, expect, it } from '@jest/globals';
import type { ProtocolEvent } from '../../../server/index';
import { ca } from '../../support/tls/certificates';
import { eventually } from '../../support/events';
import { OpensslClient } from '../../support/tls/openssl';
import { Recorder, type RecordedHandler } from '../../support/recorder';
import { kinds, TlsServer } from '../../support/tls/tlsServers';

const mebibyte = 2 ** 20;
const large = Buffer.alloc(8 * mebibyte, 'The quick brown fox jumps over the lazy dog. ');
/** More than the kernel's buffers on both sides can hold: Linux lets them grow to 36 MiB. */
const tooMuch = Buffer.alloc(64 * mebibyte);
const finished = { type: 'signal.producerFinished' } as const;

const types = ({ first }: Recorder): string[] => first.events.map(({ type }) => type);

const answering = (answer: (event: ProtocolEvent, handler: RecordedHandler) => void): Recorder => new Recorder(answer);
const echo = (): Recorder =>
  answering((event, { write }) => {
    if (event.type === 'inbox') write(event.data);
  });

describe.each(kinds)('%s with tls', (kind) => {
  it('flushes 8 MiB, says close_notify, and closes', async () => {
    const recorder = answering((event, { write, emit }) => {
      if (event.type !== 'inbox') return;
      write(large);
      emit(finished);
    });
    const served = await TlsServer.start(kind, recorder.protocol);
    const client = new OpensslClient(served.port, '-quiet', '-CAfile', ca.certFile);
    client.write('please\n');
    // the exit code is 1 after an end without close_notify
    expect(await client.exited).toBe(0);
    expect(client.output.endsWith(String(large))).toBe(true);
    const { reason, bytesOut } = await served.ended();
    expect(reason).toBe('handlerFinished');
    expect(bytesOut).toBeGreaterThan(large.length);
  });

  it('counts bytes as they travel', async () => {
    const served = await TlsServer.start(kind, echo().protocol);
    const raw = await served.connectRaw();
    const { socket: wire } = raw;
    const client = await served.encrypted(raw);
    for (let n = 0; n < 20; n += 1) {
      await client.send('hello');
      await client.receive(5);
    }
    client.end();
    await client.closed;
    const { bytesIn, bytesOut } = await served.ended();
    expect([bytesIn, bytesOut]).toEqual([wire.bytesWritten, wire.bytesRead]);
    expect(bytesOut).toBeGreaterThan(1_000);
  });

  it('tells the handler nothing of room in the box while the client takes all', async () => {
    const recorder = echo();
    const served = await TlsServer.start(kind, recorder.protocol);
    const client = await served.connect();
    for (let n = 0; n < 5; n += 1) {
      await client.send('hello');
      expect(await client.receiveText('hello')).toBe('hello');
    }
    expect(new Set(types(recorder))).toEqual(new Set(['inbox']));
  });

  it('tells of noSpaceInBox and spaceInBox when the client stops reading and reads on', async () => {
    const recorder = echo();
    const served = await TlsServer.start(kind, recorder.protocol, { maxBufferedBytes: 2 * tooMuch.length });
    const client = await served.connect();
    client.stopReading();
    recorder.first.write(tooMuch);
    await eventually(() => recorder.first.events.length > 0);
    expect(types(recorder)).toEqual(['control.noSpaceInBox']);
    expect(served.state()).toEqual({ open: 'congested' });
    client.socket.removeAllListeners('data').resume();
    await eventually(() => recorder.first.events.length > 1);
    expect(types(recorder)).toEqual(['control.noSpaceInBox', 'control.spaceInBox']);
    expect(served.state()).toEqual({ open: 'flowing' });
  });

  it('ends a handler that throws like any other', async () => {
    const problem = new Error('crash');
    const recorder = answering((event, { write }) => {
      if (event.type !== 'inbox') return;
      write('last words');
      throw problem;
    });
    const served = await TlsServer.start(kind, recorder.protocol);
    const client = await served.connect();
    await client.send('hello');
    expect(await client.receiveText('last words')).toBe('last words');
    await client.ended;
    client.end();
    expect(await client.closed).toBe('clean');
    expect(await served.ended()).toMatchObject({ reason: 'handlerFailed', error: problem });
  });
});

describe('Half-close over TLS', () => {
  it('without allowHalfOpen: answers what came, says close_notify, and closes', async () => {
    const served = await TlsServer.start('ServerCore', echo().protocol);
    const client = await served.connect();
    client.socket.end('last words');
    await client.ended;
    expect(String(client.received)).toBe('last words');
    expect(await client.closed).toBe('clean');
    expect(await served.ended()).toMatchObject({ reason: 'peerClosed' });
  });

  it('without allowHalfOpen: says close_notify even when there is nothing to answer', async () => {
    const served = await TlsServer.start('ServerCore', echo().protocol);
    const raw = await served.connectRaw();
    const { socket: wire } = raw;
    const client = await served.encrypted(raw);
    await client.send('hello');
    await client.receive(5);
    const before = wire.bytesRead;
    client.end();
    await client.closed;
    // the type of an alert's record
    expect(wire.bytesRead).toBeGreaterThan(before);
    expect(await served.ended()).toMatchObject({ reason: 'peerClosed' });
  });

  it('with allowHalfOpen: the handler is told, and may write on', async () => {
    const recorder = answering((event, { write, emit }) => {
      if (event.type !== 'control.producerFinished') return;
      write('a late answer');
      emit(finished);
    });
    const served = await TlsServer.start('ServerCore', recorder.protocol, { allowHalfOpen: true });
    const client = await served.connect();
    client.socket.end('question');
    await client.ended;
    expect(String(client.received)).toBe('a late answer');
    expect(await client.closed).toBe('clean');
    expect(await served.ended()).toMatchObject({ reason: 'handlerFinished' });
    expect(types(recorder)).toEqual(['inbox', 'control.producerFinished', 'control.socketShutdown']);
  });

  it('the server may end its side first, and takes in what the client still says', async () => {
    const served = await TlsServer.start(
      'ServerCore',
      answering((event, { emit }) => {
        if (event.type === 'inbox') emit(finished);
      }).protocol,
    );
    const client = await served.connect();
    await client.send('enough');
    await client.ended;
    expect(served.state()).toEqual({ closing: 'lingering' });
    client.socket.end('but');
    expect(await client.closed).toBe('clean');
    expect(await served.ended()).toMatchObject({ reason: 'handlerFinished' });
  });
});

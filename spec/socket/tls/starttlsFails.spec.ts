import { describe, expect, it } from '@jest/globals';
import { emit, SimulatedClock, type MachineContext } from 'xstate';
import { setupProtocol, type ProtocolEvent, type ServerCoreOptions } from '../../../server/index';
import type { Client } from '../../support/client';
import { eventually } from '../../support/events';
import { bytesOf, Recorder, type RecordedHandler } from '../../support/recorder';
import { turn } from '../../support/serving';
import { encrypt, TlsServer } from '../../support/tls/tlsServers';

const makessl = { type: 'makessl' } as const;
const finished = { type: 'signal.producerFinished' } as const;

interface UpgradingConnection {
  readonly served: TlsServer;
  readonly recorder: Recorder;
  readonly raw: Client;
}

const start = (recorder: Recorder, options: object = {}): Promise<TlsServer> =>
  TlsServer.start('ServerCore', recorder.protocol, { starttls: true, ...options });

/** Opens a connection whose handler has emitted `makessl`. */
async function upgrading(
  options: Partial<ServerCoreOptions> & { clock?: SimulatedClock } = {},
  react?: (event: ProtocolEvent, handler: RecordedHandler) => void,
): Promise<UpgradingConnection> {
  const recorder = new Recorder(react);
  const served = await start(recorder, options);
  const raw = await served.connectRaw();
  recorder.first.emit(makessl);
  expect(served.state()).toEqual({ open: 'upgrading' });
  return { served, recorder, raw };
}

describe('Plain text that comes before the handshake', () => {
  it('right behind the word for it is never taken for decrypted', async () => {
    const { served, recorder, raw } = await upgrading();
    await raw.send('RCPT TO:<mallory>\r\n');
    const end = await served.ended();
    expect(end.reason).toBe('tlsFailed');
    expect(end.error).toMatchObject({ code: expect.stringMatching(/^ERR_SSL_/) as unknown });
    expect(recorder.first.events.map(({ type }) => type)).toEqual(['control.socketShutdown']);
  });

  it('right before a good handshake is never taken for decrypted', async () => {
    const { served, recorder, raw } = await upgrading();
    await raw.send('RCPT TO:<mallory>\r\n');
    encrypt(raw);
    expect(await served.ended()).toMatchObject({ reason: 'tlsFailed' });
    expect(recorder.first.events.map(({ type }) => type)).toEqual(['control.socketShutdown']);
  });

  it('in one packet with the word for it has reached the handler before, as plain text', async () => {
    const recorder = new Recorder(({ type }, { emit }) => {
      if (type === 'inbox') emit(makessl);
    });
    const served = await start(recorder);
    const raw = await served.connectRaw();
    await raw.send('STARTTLS\r\nRCPT TO:<mallory>\r\n');
    await eventually(() => recorder.handlers.some(({ events }) => events.length > 0));
    const client = encrypt(raw);
    await client.send('hello');
    await eventually(() => recorder.first.events.length > 2);
    expect(recorder.first.events.map(({ type }) => type)).toEqual(['inbox', 'sslready', 'inbox']);
    expect(String(bytesOf(recorder.first.events.slice(1)))).toBe('hello');
  });

  it('and waits in the inbox makes it fail', async () => {
    let startTls: () => void = () => undefined;
    const busy = setupProtocol<MachineContext, { type: 'startTls' }>()
      .extend({ actions: { makessl: emit(makessl) } })
      .createMachine({
        entry: ({ self }) => {
          startTls = () => {
            self.send({ type: 'startTls' });
          };
        },
        initial: 'plain',
        // the handler doesn't read while it works
        states: { plain: { on: { inbox: 'working' } }, working: { on: { startTls: { actions: 'makessl' } } } },
      });
    const served = await TlsServer.start('ServerCore', busy, { starttls: true });
    const raw = await served.connectRaw();
    const socket = served.socket();
    await raw.send('STARTTLS');
    await eventually(() => socket.bytesIn > 0);
    await raw.send('RCPT TO:<mallory>\r\n');
    await eventually(() => socket.bytesIn > 'STARTTLS'.length);
    startTls();
    const end = await served.ended();
    expect(end).toMatchObject({ reason: 'tlsFailed', error: { code: 'ERR_TLS' } });
    expect(String(end.error)).toContain('the peer has sent bytes before');
  });
});

describe('makessl ends the connection with tlsFailed', () => {
  it.each<[string, object, (handler: RecordedHandler, raw: Client) => unknown, string]>([
    ['where there is no tls', { tls: undefined, starttls: false }, () => undefined, 'no tls options'],
    ['where the peer has ended its side', { allowHalfOpen: true }, (_, raw) => raw.end(), 'has ended its side'],
  ])('%s', async (_, options, prepare, why) => {
    const recorder = new Recorder();
    const served = await start(recorder, options);
    const raw = await served.connectRaw();
    prepare(recorder.first, raw);
    if (raw.socket.writableEnded) await eventually(() => recorder.first.events.length > 0);
    recorder.first.emit(makessl);
    const end = await served.ended();
    expect(end).toMatchObject({ reason: 'tlsFailed', error: { code: 'ERR_TLS' } });
    expect(String(end.error)).toContain(why);
    expect(recorder.first.events.at(-1)).toMatchObject({ type: 'control.socketShutdown', error: end.error });
  });

  it('where TLS is spoken already', async () => {
    const { served, recorder, raw } = await upgrading();
    encrypt(raw);
    await eventually(() => recorder.first.events.length > 0);
    recorder.first.emit(makessl);
    expect(String((await served.ended()).error)).toContain('encrypted already');
  });
});

describe('An upgrade that is going on', () => {
  it.each<[string, (upgrade: UpgradingConnection) => unknown, string]>([
    [
      'the handler finishes',
      ({ recorder }) => {
        recorder.first.emit(finished);
      },
      'handlerFinished',
    ],
    [
      'the handler cuts',
      ({ recorder }) => {
        recorder.first.emit({ type: 'signal.shutdownMicroprocess' });
      },
      'aborted',
    ],
    ['the peer resets', ({ raw }) => raw.reset(), 'tlsFailed'],
    ['the peer ends its side', ({ raw }) => raw.end(), 'tlsFailed'],
    [
      'the server is cut',
      ({ served }) => {
        served.server.send({ type: 'control.shutdownMicroprocess' });
      },
      'aborted',
    ],
    ['the server drains', ({ served }) => served.server.shutdown({ timeout: 0 }), 'aborted'],
  ])('ends once when %s', async (_, end, reason) => {
    const upgrade = await upgrading();
    void end(upgrade);
    expect(await upgrade.served.ended()).toMatchObject({ reason });
    await Promise.race([upgrade.raw.ended, upgrade.raw.closed]);
    const { events } = upgrade.recorder.first;
    expect(events.filter(({ type }) => type === 'control.socketShutdown')).toMatchObject([{ reason }]);
    expect(events.map(({ type }) => type)).not.toContain('sslready');
  });

  it('ends when the handler throws at the word of the drain', async () => {
    const { served } = await upgrading({}, ({ type }) => {
      if (type === 'control.serverShutdown') throw new Error('crash');
    });
    void served.server.shutdown();
    expect(await served.ended()).toMatchObject({ reason: 'handlerFailed' });
  });

  it('ends with tlsFailed at openTimeout', async () => {
    const clock = new SimulatedClock();
    const { served, recorder } = await upgrading({ clock, openTimeout: 1_000 });
    clock.increment(999);
    await turn();
    expect(served.state()).toEqual({ open: 'upgrading' });
    clock.increment(1);
    expect(await served.ended()).toMatchObject({ reason: 'tlsFailed', durationMs: 1_000 });
    expect(recorder.first.events).toEqual([{ type: 'control.socketShutdown', reason: 'tlsFailed' }]);
  });

  it('flushes what was written before makessl when the handler finishes before that has left', async () => {
    const plain = Buffer.alloc(64 * 2 ** 20, 'x');
    const recorder = new Recorder();
    const served = await start(recorder);
    const raw = await served.connectRaw();
    raw.socket.removeAllListeners('data').pause();
    recorder.first.write(plain);
    recorder.first.emit(makessl);
    recorder.first.emit(finished);
    let received = 0;
    raw.socket.on('data', ({ length }) => (received += length)).resume();
    await raw.ended;
    expect(received).toBe(plain.length);
    raw.end();
    expect(await served.ended()).toMatchObject({ reason: 'handlerFinished', bytesOut: plain.length });
  });

  it('tells of a reset while what was written before it still leaves', async () => {
    const recorder = new Recorder();
    const served = await start(recorder);
    const raw = await served.connectRaw();
    raw.stopReading();
    recorder.first.write(Buffer.alloc(64 * 2 ** 20));
    recorder.first.emit(makessl);
    raw.reset();
    expect(await served.ended()).toMatchObject({ reason: 'reset', error: { code: 'ECONNRESET' } });
  });
});

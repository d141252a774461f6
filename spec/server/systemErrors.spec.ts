/**
 * The system's errors when a connection breaks. Other specs have the other errors:
 *
 * - EADDRINUSE, EACCES, EADDRNOTAVAIL and all other errors of listening: `listenErrors.spec.ts`; when a server listens
 *   again: `restart.spec.ts`;
 * - how servers avoid EMFILE: `descriptorWatchLimit.spec.ts`; EMFILE itself, and a real ETIMEDOUT, each in a process of
 *   its own: `systemErrorsAlone.spec.ts`;
 * - the errors of connecting: `tcpClientEndings.spec.ts`.
 */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import type { CloseReason, ServerCoreOptions } from '../../server/index';
import { issue } from '../support/tls/certificates';
import { Client } from '../support/client';
import { eventually } from '../support/events';
import { tooMuch } from '../support/fixtures';
import { expectUnharmed, Stage } from '../support/stage';

const tls = issue('a.test').pem;

interface Moment {
  readonly options?: Partial<ServerCoreOptions>;
  /** Makes a client break the second connection in this moment. */
  readonly breaks: (stage: Stage) => Promise<void> | void;
  readonly reason: CloseReason;
  /** The system's error code; undefined where a reset is not reported. */
  readonly code?: string;
}

const moments: Readonly<Record<string, Moment>> = {
  'while it waits to be accepted': {
    breaks({ started: { port } }) {
      const client = `const client = require('net').connect(${String(port)}, () => client.resetAndDestroy())`;
      // this process is busy, and can't accept the client before it is gone
      execFileSync(process.execPath, ['-e', client]);
    },
    reason: 'reset',
    code: 'ECONNRESET',
  },
  'while it queues for a place': {
    options: { maxConnections: 1, whenBusy: 'queue' },
    async breaks({ started: { server, port } }) {
      const client = await Client.connect(port);
      await eventually(() => server.actor.getSnapshot().context.queue.length === 1);
      client.reset();
      await client.closed;
      server.send({ type: 'control.configure', options: { maxConnections: 10 } });
    },
    reason: 'reset',
    code: 'ECONNRESET',
  },
  'while its PROXY header is awaited': {
    options: { proxyProtocol: { trusted: ['127.0.0.1'] } },
    async breaks(stage) {
      const client = await stage.connect('connection.opening');
      await client.send('PROXY ');
      // libuv takes a reset that comes together with bytes for an orderly end (uv__stream_io)
      await eventually(() => stage.sockets[1]?.bytesRead === 6);
      client.reset();
    },
    reason: 'reset',
    code: 'ECONNRESET',
  },
  'in the TLS handshake': {
    options: { tls },
    async breaks(stage) {
      (await stage.connect('connection.opening')).reset();
    },
    reason: 'tlsFailed',
    code: 'ECONNRESET',
  },
  'while bytes flow': {
    async breaks(stage) {
      (await stage.connect()).reset();
    },
    reason: 'reset',
    code: 'ECONNRESET',
  },
  'while it is congested': {
    async breaks(stage) {
      const client = (await stage.connect()).stopReading();
      stage.handler.write(tooMuch);
      await eventually(() => stage.handler.controls.length === 1);
      client.reset();
    },
    reason: 'reset',
    code: 'ECONNRESET',
  },
  'when it has ended its side, and the handler writes on': {
    options: { allowHalfOpen: true },
    async breaks(stage) {
      const client = await stage.connect();
      client.end();
      await eventually(() => stage.handler.controls.length === 1);
      await client.destroy();
      // the first write is answered with the reset; the next write fails
      await eventually(() => {
        stage.handler.write('anybody there?');
        return stage.handler.controls.length === 2;
      });
    },
    reason: 'reset',
    code: 'EPIPE',
  },
  'in STARTTLS': {
    options: { tls, starttls: true },
    async breaks(stage) {
      const client = await stage.connect();
      stage.handler.emit({ type: 'makessl' });
      client.reset();
    },
    reason: 'tlsFailed',
    code: 'ECONNRESET',
  },
  'while the last bytes of its handler leave': {
    async breaks(stage) {
      const client = (await stage.connect()).stopReading();
      stage.handler.write(tooMuch);
      stage.handler.emit({ type: 'signal.producerFinished' });
      await eventually(() => stage.handler.controls.length === 2);
      client.reset();
    },
    reason: 'reset',
    code: 'ECONNRESET',
  },
  'when all has left, and only its own FIN is missing': {
    async breaks(stage) {
      const client = await stage.connect();
      stage.handler.emit({ type: 'signal.producerFinished' });
      await client.ended;
      client.reset();
    },
    reason: 'handlerFinished',
  },
};

/** Errors that the system can report for a connection at any time. */
const codes = ['ECONNABORTED', 'EHOSTUNREACH', 'ENETDOWN', 'ENOBUFS', 'ENOMEM', 'EPERM', 'ETIMEDOUT'] as const;

/** The number that libuv has for an error. */
const errnoOf = (code: keyof typeof constants.errno): number => -constants.errno[code];

interface Handle {
  readonly _handle: Record<'onconnection' | 'writeUtf8String', (...args: unknown[]) => unknown>;
}

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
});

describe('A client that resets its connection', () => {
  it.each(Object.entries(moments))('%s, harms nobody else', async (_, { options, breaks, reason, code }) => {
    await stage.start(options);
    await breaks(stage);
    const ended = await stage.ended();
    expect(ended).toMatchObject({ reason, ...(code !== undefined && { error: { code } }) });
    expect('error' in ended).toBe(code !== undefined);
    await expectUnharmed(stage);
  });
});

describe('The error of one connection', () => {
  it.each(codes)('%s, while it is read, harms nobody else', async (code) => {
    await stage.start();
    await stage.connect();
    const error = Object.assign(new Error(`read ${code}`), { code, syscall: 'read' });
    stage.sockets[1]?.destroy(error);
    expect(await stage.ended()).toMatchObject({ reason: 'reset', error });
    expect(stage.handler.controls).toEqual([{ type: 'control.socketShutdown', reason: 'reset', error }]);
    await expectUnharmed(stage);
  });

  it.each(codes)('%s, as the system says it to a write, harms nobody else', async (code) => {
    await stage.start();
    await stage.connect();
    (stage.sockets[1] as unknown as Handle)._handle.writeUtf8String = () => errnoOf(code);
    stage.handler.write('hello');
    const error: unknown = expect.objectContaining({ code, syscall: 'write' });
    expect(await stage.ended()).toMatchObject({ reason: 'reset', error, bytesOut: 0 });
    expect(stage.handler.controls).toEqual([{ type: 'control.socketShutdown', reason: 'reset', error }]);
    await expectUnharmed(stage);
  });
});

describe('The error of an accept', () => {
  it.each(['ECONNABORTED', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EPERM', 'EPROTO'] as const)(
    '%s is told, and harms nobody',
    async (code) => {
      await stage.start({ restart: { max: 0 } });
      (stage.listener as unknown as Handle)._handle.onconnection(errnoOf(code));
      const error: unknown = expect.objectContaining({ code, syscall: 'accept' });
      expect(stage.told.at(-1)).toEqual({ type: 'connection.rejected', reason: 'acceptFailed', error });
      await expectUnharmed(stage);
    },
  );
});

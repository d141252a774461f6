import { describe, expect, it } from '@jest/globals';
import { assign, sendTo } from 'xstate';
import { setupProtocol } from '../../server/index';
import { emitted } from '../support/events';
import { receiveToEnd, serving } from '../support/serving';

describe('setupProtocol', () => {
  const serve = serving();

  it('replies with what just came, byte for byte', async () => {
    const client = await serve.first(setupProtocol().createMachine({ on: { inbox: { actions: 'reply' } } }));
    const sent = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    client.socket.write(sent);
    expect((await client.receive(256)).equals(sent)).toBe(true);
  });

  it('replies with params: a string, bytes, or what a function makes of the event', async () => {
    const client = await serve.first(
      setupProtocol().createMachine({
        on: {
          inbox: {
            actions: [
              { type: 'reply', params: { data: 'ä ' } },
              { type: 'reply', params: { data: Uint8Array.from([98, 32]) } },
              { type: 'reply', params: ({ event }) => ({ data: event.data.toString().toUpperCase() }) },
            ],
          },
        },
      }),
    );
    client.socket.write('c');
    expect(await client.receiveText('ä b C')).toBe('ä b C');
  });

  it('says nothing when it replies without params to an event that carries no bytes', async () => {
    const client = await serve.first(
      setupProtocol().createMachine({ entry: ['reply', { type: 'reply', params: { data: 'hello' } }] }),
    );
    expect(await client.receiveText(5)).toBe('hello');
    expect(client.received).toHaveLength(0);
  });

  it('finishes: flushes what was written, then closes', async () => {
    const client = await serve.first(
      setupProtocol().createMachine({ on: { inbox: { actions: ['reply', 'finish'] } } }),
    );
    client.socket.write('last words');
    expect(await receiveToEnd(client)).toBe('last words');
    expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesIn: 10, bytesOut: 10 });
  });

  it('finishes before any byte, as a daytime server does', async () => {
    const client = await serve.first(
      setupProtocol().createMachine({ entry: [{ type: 'reply', params: { data: 'noon\n' } }, 'finish'] }),
    );
    expect(await receiveToEnd(client)).toBe('noon\n');
    expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesIn: 0, bytesOut: 5 });
  });

  it('aborts: closes at once', async () => {
    const client = await serve.first(setupProtocol().createMachine({ on: { inbox: { actions: 'abort' } } }));
    client.socket.write('x');
    await client.ended;
    client.end();
    expect(await client.closed).toBe('clean');
    expect(await serve.ended()).toMatchObject({ reason: 'aborted', bytesIn: 1, bytesOut: 0 });
  });

  it('aborts before any byte', async () => {
    const client = await serve.first(setupProtocol().createMachine({ entry: 'abort' }));
    expect(await receiveToEnd(client)).toBe('');
    expect(await serve.ended()).toMatchObject({ reason: 'aborted', bytesIn: 0, bytesOut: 0 });
  });

  it.each(['inbox', 'entry'] as const)('shuts the server down, on %s, and every handler is told', async (when) => {
    const goodbye = setupProtocol<{ isLast: boolean }>()
      .extend({ guards: { isLast: ({ context }) => context.isLast } })
      .createMachine({
        context: ({ input }) => ({ isLast: input.id === 'connection:2' }),
        initial: 'serving',
        states: {
          serving: {
            always: when === 'entry' ? { guard: 'isLast', target: 'ending', actions: 'shutdownServer' } : [],
            on: { inbox: { target: 'ending', actions: 'shutdownServer' } },
          },
          ending: {},
        },
        on: { 'control.serverShutdown': { actions: [{ type: 'reply', params: { data: 'bye' } }, 'finish'] } },
      });
    const client = await serve.first(goodbye);
    const ended = emitted<{ reasons: object }>(serve.server, 'server.shutdown');
    const other = await serve.connect();
    other.socket.write('x');
    expect(await receiveToEnd(other)).toBe('bye');
    expect(await receiveToEnd(client)).toBe('bye');
    expect((await ended).reasons).toEqual({ handlerFinished: 2 });
  });

  it('takes a context, further events and further actions', async () => {
    interface Counting {
      readonly lines: number;
    }
    interface Report {
      readonly type: 'report';
    }
    const counting = setupProtocol<Counting, Report>()
      .extend({ actions: { askForReport: sendTo(({ self }) => self, { type: 'report' }) } })
      .extend({ guards: { isLine: ({ event }) => event.type === 'inbox' && event.data.includes('\n') } })
      .createMachine({
        context: { lines: 0 },
        on: {
          inbox: [
            { guard: 'isLine', actions: [assign({ lines: ({ context }) => context.lines + 1 }), 'askForReport'] },
            { actions: 'reply' },
          ],
          report: {
            actions: { type: 'reply', params: ({ context }) => ({ data: `${String(context.lines)} lines` }) },
          },
        },
      });
    const client = await serve.first(counting);
    client.socket.write('no line');
    expect(await client.receiveText(7)).toBe('no line');
    client.socket.write('a line\n');
    expect(await client.receiveText(7)).toBe('1 lines');
  });
});

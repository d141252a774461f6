import { describe, expect, it } from '@jest/globals';
import { fromCallback, fromPromise } from 'xstate';
import { setupProtocol, type ConnectionInfo, type ProtocolEmitted, type ProtocolEvent } from '../../server/index';
import { handler, modelPaths, type ModelPath } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';

/** Works for a second on each line, and doesn't read meanwhile. */
const worker = setupProtocol().createMachine({
  initial: 'waiting',
  states: {
    waiting: { on: { inbox: 'working' } },
    working: { after: { 1_000: { target: 'waiting', actions: { type: 'reply', params: { data: 'done\n' } } } } },
  },
  on: { 'control.serverShutdown': { actions: [{ type: 'reply', params: { data: 'goodbye\n' } }, 'finish'] } },
});

/** Tells who is there, and passes everything on that it hears. */
const mirror = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ input, emit, receive }) => {
  emit({ type: 'outbox', data: `${input.peer}\n` });
  receive((event) => {
    emit({ type: 'outbox', data: `${event.type}\n` });
  });
});

describe('handler', () => {
  it('plays one handler: inbox in, outbox out', async () => {
    await using h = await handler(worker);
    await h.inbox('work\n');
    expect(h.actor).toBeInState('working');
    await h.peer.receivesNothing();
    await h.advance(1_000);
    await h.outbox('done\n');
    expect(h.actor).toBeInState('waiting');
  });

  it('keeps what comes while the handler is not reading, in order', async () => {
    await using h = await handler(worker);
    await h.inbox('one\n');
    await h.inbox('two\n');
    await h.advance(1_000);
    await h.outbox('done\n');
    expect(h.actor).toBeInState('working');
    await h.advance(1_000);
    await h.outbox('done\n');
  });

  it('delivers each piece as it is sent, unless it is to be split', async () => {
    await using h = await handler(mirror);
    await h.outbox('127.0.0.1\n');
    for (const piece of ['a', 'b'.repeat(32_768), 'c']) await h.inbox(piece);
    await h.outbox('inbox\n'.repeat(3));
    await h.peer.receivesNothing();
    await using t = await handler(mirror, {}, { split: 1, seed: 2 });
    await t.inbox('b'.repeat(60_000));
    await t.outbox('127.0.0.1\ninbox\ninbox\n');
  });

  it('lets the peer come from where the test wants', async () => {
    await using h = await handler(mirror, {}, { peer: { localAddress: '192.0.2.7' } });
    await h.outbox('192.0.2.7\n');
  });

  it('sends any event, as long as the handler lives', async () => {
    await using h = await handler(mirror);
    await h.send({ type: 'a.box.of.its.own' });
    await h.outbox('127.0.0.1\na.box.of.its.own\n');
    await h.peer.leaves();
    await h.isClosed('peerClosed');
    await expect(h.send({ type: 'late' })).rejects.toThrow("The handler can't be sent late: it has ended");
  });

  it('has the server drain', async () => {
    await using h = await handler(worker);
    await h.inbox('work\n');
    await h.serverShutdown();
    await h.outbox('goodbye\n');
    await h.isClosed('handlerFinished');
    expect(h.trace()).toContain('connection:1/protocol    control.serverShutdown');
  });

  it('takes the options of its connection', async () => {
    await using h = await handler(mirror, { writeTimeout: 500, maxBufferedBytes: 1_000 }, { window: 100 });
    h.peer.stopsReading();
    for (let n = 0; n < 20; n += 1) await h.inbox('x');
    await h.advance(1_000);
    await h.isClosed('slowConsumer');
  });

  it('tells what it has emitted, and how it has ended', async () => {
    await using h = await handler(fromPromise(() => Promise.reject(new Error('no'))));
    expect(await h.isClosed('handlerFailed')).toMatchObject({ error: new Error('no') });
    expect(h.emitted).toEqual([]);
    await using t = await handler(mirror);
    await t.inbox('x');
    expect(t).toHaveEmitted({ type: 'outbox', data: 'inbox\n' });
    expect(t.emitted).toHaveLength(2);
  });

  it('walks the paths of its chart, and goes no other way', async () => {
    const { paths, coverage } = modelPaths(worker, { events: [{ type: 'inbox', data: Buffer.from('work') }] });
    for (const path of paths) {
      await using h = await handler(worker);
      await h.walk(path);
    }
    expect(coverage.missing).toEqual([]);
    const lazy = setupProtocol().createMachine({
      initial: 'waiting',
      states: { waiting: { on: { inbox: 'asleep' } }, asleep: {} },
    });
    const [other] = modelPaths(lazy, { events: [{ type: 'inbox', data: Buffer.from('work') }] }).paths;
    await using h = await handler(worker);
    await expect(h.walk(other as ModelPath)).rejects.toThrow('expected asleep by waiting|inbox|0');
  });

  it('refuses what is no handler, before anything starts', async () => {
    const nothing = undefined as never;
    await expect(handler(nothing)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'protocol' });
  });
});

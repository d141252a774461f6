import { describe, expect, it } from '@jest/globals';
import { fromCallback, fromPromise, setup } from 'xstate';
import {
  echo,
  serverCore,
  setupProtocol,
  singleServer,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../server/index';
import { scenario } from '../../server/testing/index';

/** Takes its time for each line. */
const patient = setupProtocol().createMachine({
  id: 'patient',
  initial: 'reading',
  states: {
    reading: { on: { inbox: 'thinking' } },
    thinking: { after: { 250: { target: 'over', actions: { type: 'reply', params: { data: 'hm\n' } } } } },
    over: { type: 'final' },
  },
});

/** A visit to a server, as it is told. */
async function visit(seed = 1): Promise<string> {
  await using s = await scenario(serverCore, { protocol: patient }, { seed, latency: 10 });
  const ada = await s.client('ada');
  await s.advance(20);
  await ada.sends('hello\n');
  await s.advance(300);
  await ada.receives('hm\n');
  await ada.isClosed('handlerFinished');
  return s.trace();
}

describe('The trace', () => {
  it('tells who did what when, and what state it led to', async () => {
    expect(await visit()).toMatchInlineSnapshot(`
     "     0 ms  serverCore               starts in starting
          0 ms  serverCore               _listener.listening address: { address: "127.0.0.1", port: 1601 }  (starting → listening.accepting)
          0 ms  serverCore               emits server.listening address: "127.0.0.1", port: 1601
          0 ms  ada                      connects
          0 ms                           20 ms pass
         10 ms  serverCore               _socketactivity.newCSA CSA: connection:1
         10 ms  connection:1/protocol    starts in reading
         10 ms  connection:1/socket      _socketControl.claim
         10 ms  connection:1/socket      _socketControl.resumeReading
         10 ms  connection:1             starts in open.flowing
         10 ms  serverCore               emits connection.opened id: "connection:1", peer: "127.0.0.1", peerport: 32768, localip: "127.0.0.1", localport: 1601, encrypted: false
         10 ms  ada                      is connection:1
         20 ms  ada                      sends "hello\\n"
         20 ms                           300 ms pass
         30 ms  connection:1/protocol    inbox data: "hello\\n"  (reading → thinking)
        280 ms  connection:1/protocol    after 250 ms  (thinking → over)
        280 ms  connection:1/protocol    emits outbox data: "hm\\n"
        280 ms  connection:1             xstate.done.actor.protocol output: undefined, actorId: "protocol"  (open.flowing → closing.flushing)
        280 ms  connection:1/socket      _socketControl.end
        280 ms  connection:1             _socketFeedback.flushed  (closing.flushing → closing.lingering)
        290 ms  ada                      receives "hm"
        290 ms  ada                      receives "\\n"
        290 ms  ada                      sees the end
        290 ms  ada                      has closed
        300 ms  connection:1             _socketFeedback.closed  (closing.lingering → closed)
        300 ms  connection:1/socket      _socketControl.destroy
        300 ms  serverCore               _socketactivity.shutdownCSA id: "connection:1", CSA: connection:1, reason: "handlerFinished", bytesIn: 6, bytesOut: 3, durationMs: 290
        300 ms  serverCore               emits connection.closed id: "connection:1", reason: "handlerFinished", bytesIn: 6, bytesOut: 3, durationMs: 290"
    `);
  });

  it('is the same each time, and another with another seed', async () => {
    expect(await visit()).toBe(await visit());
    expect(await visit(5)).not.toBe(await visit());
  });

  it('tells what happens many times once, and how often', async () => {
    const chatty = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
      for (let n = 0; n < 1_000; n += 1) emit({ type: 'outbox', data: 'la ' });
    });
    await using s = await scenario(serverCore, { protocol: chatty });
    await s.client();
    expect(s.trace()).toContain('connection:1/protocol    emits outbox data: "la "  ×1000\n');
  });

  it('keeps to one line, and to a length, whatever comes', async () => {
    await using s = await scenario(serverCore, { protocol: echo }, { split: 0 });
    const ada = await s.client('ada');
    const before = s.trace().split('\n').length;
    await ada.sends('\u001b[2J\u202egnp.exe\r\n');
    await ada.sends(Buffer.from([0xff, 0x00, 0x0a]));
    await ada.sends('ä'.repeat(10_000));
    const told = s.trace().split('\n').slice(before);
    expect(told.filter((line) => line.includes('ada'))).toEqual([
      '     0 ms  ada                      sends "\\u001b[2J\\u202egnp.exe\\r\\n"',
      '     0 ms  ada                      receives "\\u001b[2J\\u202egnp.exe\\r\\n"',
      '     0 ms  ada                      sends <ff 00 0a>',
      '     0 ms  ada                      receives <ff 00 0a>',
      `     0 ms  ada                      sends "${'ä'.repeat(30)}"… (20000 bytes)`,
      `     0 ms  ada                      receives "${'ä'.repeat(30)}"… (20000 bytes)`,
    ]);
  });

  it('tells errors by their message, without the files of one machine', async () => {
    const failing = fromPromise(() => Promise.reject(new TypeError('under test')));
    await using s = await scenario(singleServer, { protocol: failing });
    await s.client('no\u001b[2J\nbody');
    expect(s.trace()).toContain('output: { reason: "handlerFailed", error: TypeError: under test');
    expect(s.trace()).not.toContain(__dirname);
    expect(s.trace()).toContain('no\\u001b[2J\\u000abody');
  });

  it('names actors by their place, also those without an id', async () => {
    const worker = setup({}).createMachine({ id: 'worker', on: { work: {} } });
    const boss = setup({ actors: { worker } }).createMachine({
      id: 'boss',
      invoke: { id: 'deputy', src: 'worker' },
      entry: ({ self }) => {
        self.send({ type: 'hire' });
      },
      on: {
        hire: {
          actions: ({ self }) => {
            self.getSnapshot().children['deputy']?.send({ type: 'work', error: new TypeError('too much') });
          },
        },
      },
    });
    const nested = setup({ actors: { boss } }).createMachine({ id: 'firm', invoke: { src: 'boss', id: 'board' } });
    await using s = await scenario(nested);
    expect(s.trace()).toBe(
      [
        '     0 ms  board                    hire',
        '     0 ms  board/deputy             work error: TypeError: too much',
      ].join('\n'),
    );
    expect(s.actor('board/deputy').id).toBe('deputy');
    expect(() => s.actor('nobody')).toThrow('There is no actor nobody');
  });
});

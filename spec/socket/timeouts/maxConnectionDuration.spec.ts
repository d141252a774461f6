import { describe, expect, it } from '@jest/globals';
import { echo, serverCore, setupProtocol } from '../../../server/index';
import '../../../server/testing/matchers/jestGlobals';
import { handler, scenario } from '../../../server/testing/index';
import { expectTold } from '../../support/closes';
import { connectionOf } from '../../support/connectionOf';
import { Recorder } from '../../support/recorder';

const maxConnectionDuration = 10_000;
const window = 10_000;
/** More bytes than the network holds. */
const large = Buffer.alloc(200_000, 'x');
const trusted = ['127.0.0.1'];

describe('maxConnectionDuration', () => {
  it('closes in that millisecond after the accept, however busy both sides are, and tells the handler', async () => {
    const recorder = new Recorder((event, { write }) => {
      if (event.type === 'inbox') write(event.data);
    });
    await using h = await handler(recorder.protocol, { maxConnectionDuration });
    for (let n = 1; n < 100; n += 1) {
      await h.advance(100);
      await h.inbox('x');
      await h.outbox('x');
    }
    await h.advance(99);
    await h.peer.isOpen();
    await h.advance(1);
    expect(await h.isClosed('maxDuration')).toMatchObject({ bytesIn: 99, bytesOut: 99, durationMs: 10_000 });
    expectTold(recorder.first.events, 'maxDuration');
    expect(h.scenario.clock.pending).toBe(0);
  });

  it('closes though the handler is busy', async () => {
    const stuck = setupProtocol().createMachine({
      initial: 'busy',
      states: { busy: { after: { 900_000: 'reading' } }, reading: { on: { inbox: { actions: 'reply' } } } },
    });
    await using h = await handler(stuck, { maxConnectionDuration });
    await h.inbox('x');
    await h.advance(10_000);
    await h.isClosed('maxDuration');
  });

  it('flushes what was written, for as long as writeTimeout', async () => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol, { maxConnectionDuration, writeTimeout: 4_000 }, { window });
    h.peer.stopsReading();
    await h.advance(9_000);
    recorder.first.write(large);
    await h.advance(1_000);
    expect(connectionOf(h.scenario)).toBeInState({ closing: 'flushing' });
    await h.advance(2_000);
    await h.peer.readsOn();
    await h.outbox(large);
    expect(await h.isClosed('maxDuration')).toMatchObject({ bytesOut: large.length, durationMs: 12_000 });
  });

  it('closes in the end, when a peer takes so little that it would never be done', async () => {
    const recorder = new Recorder();
    const stage = { window: 2 * window, latency: 400 };
    await using s = await scenario(
      serverCore,
      { protocol: recorder.protocol, maxConnectionDuration, writeTimeout: 4_000 },
      stage,
    );
    const client = await s.client();
    await s.advance(800);
    // 20 kB in 800 ms
    recorder.first.write(Buffer.alloc(1_000_000));
    await s.advance(10_000);
    expect(connectionOf(s)).toBeInState({ closing: 'flushing' });
    await s.advance(4_000);
    const { durationMs, bytesOut } = await client.isClosed('maxDuration');
    expect(durationMs).toBe(14_000);
    expect(bytesOut).toBeLessThan(1_000_000);
  });

  it('leaves a handler that finished just before as long to flush', async () => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol, { maxConnectionDuration, writeTimeout: 4_000 }, { window });
    h.peer.stopsReading();
    recorder.first.write(Buffer.alloc(window));
    await h.advance(9_999);
    recorder.first.write(large);
    recorder.first.emit({ type: 'signal.producerFinished' });
    await h.advance(3_000);
    expect(connectionOf(h.scenario)).toBeInState({ closing: 'flushing' });
    await h.peer.readsOn();
    await h.outbox(window + large.length);
    await h.isClosed('handlerFinished');
  });

  it('does not cut short the goodbye that idleTimeout has begun in the same millisecond', async () => {
    const limits = { maxConnectionDuration, idleTimeout: 10_000 };
    await using h = await handler(echo, limits, { peer: { allowHalfOpen: true } });
    await h.advance(10_000);
    await h.peer.isEnded();
    expect(connectionOf(h.scenario)).toBeInState({ closing: 'lingering' });
    await h.peer.ends();
    await h.isClosed('idleTimeout');
  });

  it('applies after the peer has ended its side', async () => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol, { maxConnectionDuration, allowHalfOpen: true });
    await h.peer.ends();
    await h.advance(9_999);
    expect(connectionOf(h.scenario)).toBeInState({ open: 'peerEnded' });
    await h.advance(1);
    await h.isClosed('maxDuration');
  });

  it('applies while the connection is still being opened', async () => {
    const options = { protocol: echo, maxConnectionDuration: 5_000, proxyProtocol: { trusted } };
    await using s = await scenario(serverCore, options);
    const client = await s.client();
    await s.advance(4_999);
    expect(connectionOf(s)).toBeInState({ opening: 'identifying' });
    await s.advance(1);
    expect(s).toHaveEmitted({ type: 'connection.closed', reason: 'maxDuration', durationMs: 5_000 });
    expect(s.emitted.some(({ type }) => type === 'connection.opened')).toBe(false);
    await client.hasClosed();
  });

  it('counts from the accept: the wait for a place, too', async () => {
    await using s = await scenario(serverCore, {
      protocol: echo,
      maxConnections: 1,
      whenBusy: 'queue',
      maxConnectionDuration,
    });
    const first = await s.client('first');
    await s.advance(4_000);
    const second = await s.client('second');
    await s.advance(6_000);
    await first.isClosed('maxDuration');
    await second.sends('x');
    await second.receives('x');
    await s.advance(3_999);
    await second.isOpen();
    await s.advance(1);
    expect(await second.isClosed('maxDuration')).toMatchObject({ durationMs: 10_000 });
  });
});

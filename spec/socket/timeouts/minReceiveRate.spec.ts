import { describe, expect, it } from '@jest/globals';
import { echo, serverCore, setupProtocol, tcpClient } from '../../../server/index';
import '../../../server/testing/matchers/jestGlobals';
import { handler, scenario, type HandlerScenario } from '../../../server/testing/index';
import { expectTold } from '../../support/closes';
import { connectionOf } from '../../support/connectionOf';
import { Recorder } from '../../support/recorder';

const minReceiveRate = { bytesPerSecond: 100, window: 2_000 };
const window = 10_000;
/** More bytes than the network holds. */
const large = Buffer.alloc(200_000, 'x');

/** A handler that takes a message, and is busy with it for 5 s. */
const slow = setupProtocol().createMachine({
  initial: 'waiting',
  states: { waiting: { on: { inbox: 'working' } }, working: { after: { 5_000: 'waiting' } } },
});

/** Makes the peer send this many bytes, one every 10 ms. */
async function drip(h: HandlerScenario, bytes: number): Promise<void> {
  for (let n = 0; n < bytes; n += 1) {
    await h.inbox('x');
    await h.advance(10);
  }
}

describe('minReceiveRate', () => {
  it.each([
    [199, false],
    [200, true],
  ])('with 200 bytes asked for in each window, %d in the first one: may stay %j', async (bytes, mayStay) => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol, { minReceiveRate });
    await h.advance(1_000);
    await h.inbox(Buffer.alloc(bytes));
    await h.advance(999);
    await h.peer.isOpen();
    await h.advance(1);
    if (mayStay) {
      await h.peer.isOpen();
      return;
    }
    expect(await h.isClosed('slowSender')).toMatchObject({ bytesIn: 199, durationMs: 2_000 });
    expectTold(recorder.first.events, 'slowSender');
    expect(h.scenario.clock.pending).toBe(0);
  });

  it('looks at each window alone: what came early does not count for later', async () => {
    await using h = await handler(echo, { minReceiveRate });
    await h.inbox(Buffer.alloc(5_000));
    await h.advance(2_000);
    await h.inbox('x');
    await h.advance(1_999);
    await h.peer.isOpen();
    await h.advance(1);
    expect(await h.isClosed('slowSender')).toMatchObject({ durationMs: 4_000 });
  });

  it('has nothing against a peer that is silent', async () => {
    await using h = await handler(echo, { minReceiveRate });
    await h.advance(60_000);
    await h.inbox(Buffer.alloc(1_000));
    await h.advance(60_000);
    await h.peer.isOpen();
  });

  it('has a window of 10 s by default', async () => {
    await using h = await handler(echo, { minReceiveRate: { bytesPerSecond: 1 } });
    await h.inbox('x'.repeat(9));
    await h.advance(9_999);
    await h.peer.isOpen();
    await h.advance(1);
    await h.isClosed('slowSender');
  });

  it('does not count what is written', async () => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol, { minReceiveRate });
    await h.inbox('x');
    recorder.first.write(Buffer.alloc(5_000));
    await h.advance(2_000);
    await h.isClosed('slowSender');
  });

  describe('does not count the time', () => {
    it('in which the handler is busy: the window is that much longer', async () => {
      await using h = await handler(slow, { minReceiveRate });
      await h.advance(1_000);
      await h.inbox('x');
      await h.advance(5_999);
      await h.peer.isOpen();
      await h.advance(1);
      expect(await h.isClosed('slowSender')).toMatchObject({ durationMs: 7_000 });
    });

    it('so that one who keeps the handler busy now and then does not get away with it', async () => {
      await using h = await handler(slow, { minReceiveRate });
      await h.inbox('x');
      await h.inbox('held until it has time');
      await h.advance(10_000);
      // the window of the rate has just begun, and both messages are in it
      await h.advance(1_999);
      await h.peer.isOpen();
      await h.advance(1);
      await h.isClosed('slowSender');
    });

    it('in which the peer takes nothing, and so is not read', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { minReceiveRate, writeTimeout: 60_000 }, { window });
      await h.inbox('x');
      await h.advance(1_500);
      h.peer.stopsReading();
      recorder.first.write(large);
      await h.advance(30_000);
      expect(connectionOf(h.scenario)).toBeInState({ open: 'congested' });
      await h.peer.readsOn();
      await h.outbox(large);
      await h.advance(499);
      await h.peer.isOpen();
      await h.advance(1);
      await h.isClosed('slowSender');
    });

    it('after the peer has ended its side', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { minReceiveRate, allowHalfOpen: true });
      await h.inbox('x');
      await h.peer.ends();
      await h.advance(60_000);
      expect(connectionOf(h.scenario)).toBeInState({ open: 'peerEnded' });
    });
  });

  it('ends a peer that drips, and spares one that is fast enough', async () => {
    await using s = await scenario(serverCore, { protocol: echo, minReceiveRate });
    const [quick, slowly] = await s.clients('quick', 'slowly');
    for (let n = 0; n < 20; n += 1) {
      await quick.sends(Buffer.alloc(10));
      if (n < 19) await slowly.sends(Buffer.alloc(10));
      await s.advance(100);
    }
    await slowly.isClosed('slowSender');
    await quick.isOpen();
  });

  it('is not deceived by bytes that come one by one', async () => {
    await using h = await handler(echo, { minReceiveRate });
    await drip(h, 200);
    await h.peer.isOpen();
    await drip(h, 199);
    await h.advance(10);
    expect(await h.isClosed('slowSender')).toMatchObject({ bytesIn: 399 });
  });

  it('applies to a tcpClient', async () => {
    await using s = await scenario(tcpClient, { port: 8080, minReceiveRate }, { listeners: { server: 8080 } });
    const server = await s.listener('server').accepts();
    await server.sends('x');
    await s.advance(2_000);
    await server.isEnded();
    await server.leaves();
    expect(s.output).toMatchObject({ reason: 'slowSender' });
  });
});

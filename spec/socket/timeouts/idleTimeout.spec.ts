import { describe, expect, it } from '@jest/globals';
import { createActor, toPromise } from 'xstate';
import {
  connection,
  connectionInput,
  echo,
  serverCore,
  setupProtocol,
  tcpClient,
  type Protocol,
} from '../../../server/index';
import '../../../server/testing/matchers/jestGlobals';
import { handler, memoryNetwork, scenario } from '../../../server/testing/index';
import { expectTold } from '../../support/closes';
import { connectionOf } from '../../support/connectionOf';
import { emitted } from '../../support/events';
import { connectClient, startServer } from '../../support/fixtures';
import { JumpingClock } from '../../support/jumpingClock';
import { Recorder } from '../../support/recorder';

const idleTimeout = 1_000;
const window = 10_000;
/** More bytes than the network holds. */
const large = Buffer.alloc(200_000, 'x');

/** A handler that takes a message, and answers it `ms` milliseconds later. */
const slow = (ms: number): Protocol =>
  setupProtocol().createMachine({
    initial: 'waiting',
    states: {
      waiting: { on: { inbox: 'working' } },
      working: { after: { [ms]: { target: 'waiting', actions: { type: 'reply', params: { data: 'done' } } } } },
    },
  });

/** A handler that waits for bytes. After 500 ms it is busy with something else for 5 s. */
const restless = setupProtocol().createMachine({
  initial: 'waiting',
  states: {
    waiting: { on: { inbox: { actions: 'reply' } }, after: { 500: 'working' } },
    working: { after: { 5_000: 'reading' } },
    reading: { on: { inbox: { actions: 'reply' } } },
  },
});

describe('idleTimeout', () => {
  it('closes in the millisecond in which nothing has come for so long, and tells the handler', async () => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol, { idleTimeout });
    await h.advance(999);
    await h.peer.isOpen();
    await h.advance(1);
    expect(await h.isClosed('idleTimeout')).toMatchObject({ bytesIn: 0, durationMs: 1_000 });
    expectTold(recorder.first.events, 'idleTimeout');
    await h.peer.hasClosed();
    await h.serverShutdown();
    expect(h.scenario.leftovers()).toEqual([]);
  });

  it('begins anew with each byte from the peer', async () => {
    await using h = await handler(echo, { idleTimeout });
    for (let n = 0; n < 10; n += 1) {
      await h.advance(999);
      await h.inbox('x');
    }
    await h.advance(999);
    await h.peer.isOpen();
    await h.advance(1);
    expect(await h.isClosed('idleTimeout')).toMatchObject({ durationMs: 10_990 });
  });

  it('does not begin anew with what the handler writes', async () => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol, { idleTimeout });
    for (let n = 0; n < 9; n += 1) {
      await h.advance(100);
      recorder.first.write('are you there?');
    }
    await h.advance(99);
    await h.peer.isOpen();
    await h.advance(1);
    await h.isClosed('idleTimeout');
  });

  it('flushes what was written before', async () => {
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol, { idleTimeout, lingerTimeout: 10 }, { latency: 100, window });
    await h.advance(200);
    await h.advance(799);
    recorder.first.write('x'.repeat(window));
    await h.advance(101);
    expectTold(recorder.first.events, 'idleTimeout');
    await h.advance(500);
    await h.outbox('x'.repeat(window));
    await h.isClosed('idleTimeout');
  });

  describe('does not count the time', () => {
    it.each([600, 5_000])('in which the handler works on what came: %d ms', async (ms) => {
      await using h = await handler(slow(ms), { idleTimeout });
      await h.advance(400);
      await h.inbox('work');
      await h.advance(ms);
      await h.outbox('done');
      await h.advance(999);
      await h.peer.isOpen();
      await h.advance(1);
      expect(await h.isClosed('idleTimeout')).toMatchObject({ durationMs: 1_400 + ms });
    });

    it('in which bytes wait for the handler', async () => {
      await using h = await handler(slow(5_000), { idleTimeout });
      for (const text of ['one', 'two', 'three']) await h.inbox(text);
      await h.advance(15_000);
      await h.outbox('donedonedone');
      await h.advance(999);
      await h.peer.isOpen();
      await h.advance(1);
      await h.isClosed('idleTimeout');
    });

    it('in which the handler has found work by itself', async () => {
      await using h = await handler(restless, { idleTimeout });
      await h.advance(5_500);
      await h.advance(999);
      await h.peer.isOpen();
      await h.advance(1);
      await h.isClosed('idleTimeout');
    });

    it('in which the peer takes nothing, and so is not read', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { idleTimeout, writeTimeout: 60_000 }, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      await h.advance(50_000);
      expect(connectionOf(h.scenario)).toBeInState({ open: 'congested' });
      await h.peer.readsOn();
      await h.outbox(large);
      await h.advance(999);
      await h.peer.isOpen();
      await h.advance(1);
      await h.isClosed('idleTimeout');
    });

    it('after the peer has ended its side', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { idleTimeout, allowHalfOpen: true });
      await h.peer.ends();
      await h.advance(60_000);
      expect(connectionOf(h.scenario)).toBeInState({ open: 'peerEnded' });
      recorder.first.emit({ type: 'signal.producerFinished' });
      await h.isClosed('handlerFinished');
    });

    it('after the handler has finished', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { idleTimeout, lingerTimeout: 60_000 }, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      recorder.first.emit({ type: 'signal.producerFinished' });
      await h.advance(5_000);
      expect(connectionOf(h.scenario)).toBeInState({ closing: 'flushing' });
      await h.peer.readsOn();
      await h.outbox(large);
      expect((await h.isClosed()).reason).toBe('handlerFinished');
    });
  });

  it('counts for each connection alone', async () => {
    await using s = await scenario(serverCore, { protocol: echo, idleTimeout });
    const early = await s.client('early');
    await s.advance(500);
    const [busy, late] = await s.clients('busy', 'late');
    await s.advance(400);
    await busy.sends('x');
    await s.advance(100);
    await early.isClosed('idleTimeout');
    await s.advance(500);
    await late.isClosed('idleTimeout');
    await busy.isOpen();
    await s.advance(400);
    await busy.isClosed('idleTimeout');
    expect(s.clock.pending).toBe(0);
  });

  it('does not apply unless asked for, and then there is no timer', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const [client] = await s.clients('client', 'other');
    expect(s.clock.pending).toBe(0);
    await s.advance(1_000_000_000);
    await client.isOpen();
  });

  it('applies to a tcpClient', async () => {
    await using s = await scenario(tcpClient, { port: 8080, idleTimeout }, { listeners: { server: 8080 } });
    const server = await s.listener('server').accepts();
    await s.advance(999);
    await server.sends('x');
    await s.advance(999);
    expect(s.server).toBeInState('connected');
    await s.advance(1);
    await server.isEnded();
    await server.leaves();
    expect(s.output).toMatchObject({ reason: 'idleTimeout', bytesIn: 1, durationMs: 1_999 });
  });

  it('applies to an embedded connection', async () => {
    const network = memoryNetwork();
    const listener = network.createServer({ allowHalfOpen: true, pauseOnConnect: true });
    const accepted = new Promise<Parameters<typeof connectionInput>[0]>((resolve) => {
      listener.on('connection', resolve);
    });
    listener.listen(8080);
    const client = network.createConnection({ port: 8080 });
    client.resume();
    const input = connectionInput(await accepted, { protocol: echo, idleTimeout });
    const actor = createActor(connection, { input, clock: network.clock as never });
    const end = toPromise(actor);
    actor.start();
    await network.clock.advance(999);
    expect(actor).toBeInState({ open: 'flowing' });
    await network.clock.advance(1);
    expect(await end).toMatchObject({ reason: 'idleTimeout', durationMs: 1_000 });
    listener.close();
  });

  describe('on TCP', () => {
    it('spares those whose bytes have come in time, though the event loop was too busy to read them', async () => {
      const clock = new JumpingClock();
      const { server, port } = await startServer({ idleTimeout, clock });
      const client = await connectClient(port);
      client.socket.write('hello');
      await client.receive(5);
      await new Promise<void>((resolve) => {
        // timers go off before the sockets of the same turn are read
        setTimeout(() => {
          client.socket.write('in time');
          clock.jump(2 * idleTimeout);
          resolve();
        }, 0);
      });
      expect(await client.receiveText(7)).toBe('in time');
      const closed = emitted(server, 'connection.closed');
      clock.jump(idleTimeout);
      expect(await closed).toMatchObject({ reason: 'idleTimeout', bytesIn: 12 });
    });
  });
});

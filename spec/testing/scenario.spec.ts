import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { setup } from 'xstate';
import { chat } from '../../examples/chat';
import { echo, ListenError, serverCore, setupProtocol, singleServer, tcpClient } from '../../server/index';
import { memoryNetwork, scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';

/** Says hello, and no more. */
const caller = setupProtocol().createMachine({
  entry: { type: 'reply', params: { data: 'hello\n' } },
});

/** Says hello, and gives back what comes until it is told to end. */
const greeter = setupProtocol().createMachine({
  entry: { type: 'reply', params: { data: 'hello\n' } },
  on: { inbox: { actions: 'reply' }, 'control.serverShutdown': { actions: 'finish' } },
});

describe('scenario', () => {
  it('plays a slow reader who is thrown out, while the others stay', async () => {
    await using s = await scenario(serverCore, { protocol: chat(), writeTimeout: 5_000 });
    const [quick, slow] = await s.clients('quick', 'slow');
    await quick.sends('hello\n');
    await slow.receives('connection:1: hello\n');
    slow.stopsReading();
    await quick.sends('a line of sixteen\n'.repeat(10_000));
    await s.advance(4_999);
    await slow.isOpen();
    await s.advance(1);
    await slow.isClosed('slowConsumer');
    expect(s.server).toBeInState({ listening: 'accepting' });
    expect(s).toHaveConnections(1);
  });

  it('starts on port 1601 of its own network, beside others', async () => {
    await using one = await scenario(serverCore, { protocol: greeter });
    await using other = await scenario(serverCore, { protocol: echo });
    expect(one.emitted).toEqual(other.emitted);
    expect(one).toHaveEmitted({ type: 'server.listening', port: 1601 });
    await (await one.client()).receives('hello\n');
    await (await other.client()).receivesNothing();
  });

  it('plays SingleServer, whose queue moves up by itself', async () => {
    await using s = await scenario(singleServer, { whenBusy: 'queue' });
    const [first, second] = await s.clients('first', 'second');
    await s.send({ type: 'inbox', data: 'for the first' });
    await first.receives('for the first');
    await first.leaves();
    await first.isClosed('peerClosed');
    await s.send({ type: 'inbox', data: 'for the second' });
    await second.receives('for the second');
  });

  it('plays a machine that has a server and a client in it', async () => {
    const app = setup({ actors: { serverCore, tcpClient } }).createMachine({
      id: 'app',
      invoke: [
        { id: 'front', src: 'serverCore', input: { protocol: echo, port: 80 } },
        { id: 'back', src: 'tcpClient', input: { port: 6379, protocol: caller } },
      ],
    });
    const network = memoryNetwork();
    await using backend = await scenario(serverCore, { protocol: echo, port: 6379 }, { network });
    await using s = await scenario(app, undefined, { network });
    const client = await s.client('client', { port: 80 });
    await client.sends('to the front');
    await client.receives('to the front');
    expect(s).toHaveConnections(1);
    expect(backend).toHaveConnections(1);
    expect(backend.trace()).toContain('connection:1/protocol    inbox data: "hello\\n"');
  });

  it('plays the server for a client under test', async () => {
    await using s = await scenario(tcpClient, { port: 8080, protocol: greeter }, { listeners: { upstream: 8080 } });
    const upstream = s.listener('upstream');
    const peer = await upstream.accepts();
    await peer.receives('hello\n');
    await peer.sends('and to you');
    await peer.receives('and to you');
    await peer.ends();
    await peer.isEnded();
    await expect(upstream.accepts()).rejects.toThrow('upstream was to have a client, but none has connected');
    expect(s.server).toBeInState('closed');
    expect(() => s.listener('downstream')).toThrow('There is no listener downstream');
  });

  it('fails when two ends answer each other for ever, and leaves nothing behind', async () => {
    const network = memoryNetwork();
    await using s = await scenario(serverCore, { protocol: echo }, { network });
    const start = scenario(tcpClient, { protocol: greeter }, { network });
    await expect(start).rejects.toThrow(
      /^Not settled after 100000 turns of the event loop.*What happened last:.*seed/s,
    );
    expect(s).toHaveConnections(0);
    // 100,000 turns take their time on a busy machine
  }, 60_000);

  describe('given a root that crashes', () => {
    const fragile = setup({ actors: { serverCore } }).createMachine({
      id: 'fragile',
      invoke: { id: 'server', src: 'serverCore', input: { protocol: echo } },
      on: {
        crash: {
          actions: () => {
            throw new Error('under test');
          },
        },
      },
    });

    it('fails the step in which it does, tells so in the trace, and leaves nothing behind', async () => {
      await using s = await scenario(fragile);
      const client = await s.client();
      await expect(s.send({ type: 'crash' })).rejects.toThrow('under test');
      expect(s.error).toEqual(new Error('under test'));
      expect(s.trace()).toContain('fragile                  has failed: Error: under test');
      // once is enough
      await client.isOpen();
      await s.close();
      expect(s.leftovers()).toEqual([]);
    });

    it('fails the step of a peer, too', async () => {
      const trusting = setup({ actors: { tcpClient } }).createMachine({
        invoke: { src: 'tcpClient', input: { port: 8080 } },
      });
      await using s = await scenario(trusting, undefined, { latency: 10 });
      await expect(s.advance(20)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    });

    it('does not start when it crashes at its start, whatever it throws', async () => {
      const hopeless = setup({}).createMachine({
        entry: () => {
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- as a careless action might
          throw undefined;
        },
      });
      await expect(scenario(hopeless)).rejects.toBeUndefined();
    });
  });

  describe('a client', () => {
    it('goes to the server of its own scenario, whoever has listened later', async () => {
      const network = memoryNetwork();
      await using s = await scenario(serverCore, { protocol: echo, port: 1 }, { network });
      await using other = await scenario(serverCore, { protocol: echo, port: 2 }, { network });
      await s.listens('peer', 3);
      await s.client();
      expect(s).toHaveConnections(1);
      expect(other).toHaveConnections(0);
    });

    it('needs a port when nobody has listened', async () => {
      await using s = await scenario(setup({}).createMachine({}));
      await expect(s.client()).rejects.toThrow('No server has listened yet: a client needs a port or a path');
      await (await s.client('lost', { port: 1 })).hasFailed('ECONNREFUSED');
    });

    it('on a unix socket is told from one that found nobody', async () => {
      await using s = await scenario(serverCore, { protocol: echo, path: '/run/echo' });
      const lost = await s.client('lost', { path: '/nowhere' });
      await lost.hasFailed('ENOENT');
      const ada = await s.client('ada');
      expect([lost.id, ada.id]).toEqual([undefined, 'connection:1']);
    });

    it('is none any more when its server was stopped, and says so', async () => {
      const app = setup({ actors: { serverCore } }).createMachine({
        initial: 'serving',
        states: {
          serving: { invoke: { src: 'serverCore', input: { protocol: echo } }, on: { stop: 'stopped' } },
          stopped: {},
        },
      });
      await using s = await scenario(app);
      const ada = await s.client('ada');
      await s.send({ type: 'stop' });
      expect(s).toHaveConnections(0);
      await expect(ada.isClosed()).rejects.toThrow(
        'ada was to be closed, but it has closed; its server has ended without telling a reason',
      );
    });
  });

  describe('a listener', () => {
    it('that cannot have its port says so', async () => {
      await using s = await scenario(serverCore, { protocol: echo });
      await expect(s.listens('twin', 1601)).rejects.toThrow("twin can't listen: listen EADDRINUSE");
      await expect(scenario(tcpClient, {}, { listeners: { one: 1, other: 1 } })).rejects.toThrow("other can't listen");
    });

    it('has a name of its own', async () => {
      await using s = await scenario(serverCore, { protocol: echo });
      await s.listens('peer', 1);
      await expect(s.listens('peer', 2)).rejects.toThrow('There is a listener peer already');
      await s.close();
      expect(s.leftovers()).toEqual([]);
    });
  });

  describe('given surroundings that cannot be', () => {
    it.each<[option: string, surroundings: object, allowed: string]>([
      ['latency', { latency: -1 }, 'a number of milliseconds'],
      ['latency', { latency: Infinity }, 'a number of milliseconds'],
      ['window', { window: 0 }, 'a whole number of bytes, at least 1'],
      ['window', { window: NaN }, 'a whole number of bytes, at least 1'],
      ['split', { split: 7 }, 'a number from 0 to 1'],
      ['seed', { seed: 0.5 }, 'a whole number'],
      ['windw', { windw: 1 }, 'left out: there is no such option. The options are latency, window, split, seed'],
      ['latency', { network: memoryNetwork(), latency: 1 }, 'left out: it is for the network that is shared'],
    ])('refuses %s: %j', async (option, surroundings, allowed) => {
      const start = scenario(serverCore, { protocol: echo }, surroundings);
      await expect(start).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option, allowed });
    });
  });

  describe('given what cannot start', () => {
    it('rejects with the option that is wrong', async () => {
      const start = scenario(serverCore, { protocol: echo, port: -1 });
      await expect(start).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'port' });
    });

    it('rejects with the error that the server ends in, and leaves nothing behind', async () => {
      const network = memoryNetwork();
      await using s = await scenario(serverCore, { protocol: echo }, { network });
      await expect(scenario(serverCore, { protocol: echo }, { network })).rejects.toThrow(ListenError);
      expect(s.server).toBeInState('listening');
      await s.close();
      expect(s.leftovers()).toEqual([]);
    });
  });

  describe('the time', () => {
    afterEach(() => {
      jest.useRealTimers();
    });

    it('stands still until it is advanced, for the server, its handlers and the network', async () => {
      const slow = setupProtocol().createMachine({
        initial: 'working',
        states: {
          working: { after: { 300: { target: 'over', actions: { type: 'reply', params: { data: 'done' } } } } },
          over: { type: 'final' },
        },
      });
      await using s = await scenario(serverCore, { protocol: slow }, { latency: 20 });
      const client = await s.client();
      await s.advance(339);
      await client.receivesNothing();
      await s.advance(1);
      await client.receives('done');
      await s.advance(40);
      // from the accept at 20 until the client's end has come back
      expect(await client.isClosed('handlerFinished')).toMatchObject({ bytesOut: 4, durationMs: 340 });
    });

    it("says what jest's own timers need to leave alone", async () => {
      jest.useFakeTimers();
      await expect(scenario(serverCore, { protocol: echo })).rejects.toThrow(
        "process.nextTick doesn't run: jest's fake timers need { doNotFake: ['nextTick', 'queueMicrotask'] }",
      );
    });

    it("goes on while jest's own timers stand still", async () => {
      jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
      await using s = await scenario(serverCore, { protocol: echo });
      const client = await s.client();
      await client.sends('hello');
      await client.receives('hello');
    });
  });

  describe('leftovers', () => {
    it('are none after a shutdown', async () => {
      await using s = await scenario(serverCore, { protocol: greeter });
      const [client] = await s.clients('client');
      expect(s.leftovers()).toEqual([
        ...['serverCore', 'connections', 'listener', 'connection:1', 'connection:1/protocol'].map(
          (name) => `actor ${name}`,
        ),
        'server on 127.0.0.1:1601',
        'connection 127.0.0.1:32768 to 127.0.0.1:1601',
        'connection 127.0.0.1:1601 to 127.0.0.1:32768',
      ]);
      await s.shutsDown();
      await client.isClosed('handlerFinished');
      expect(s.server.getSnapshot().output).toMatchObject({ connections: 1, reasons: { handlerFinished: 1 } });
      expect(s.leftovers()).toEqual([]);
    });

    it('are a timer that waits', async () => {
      await using s = await scenario(serverCore, { protocol: greeter });
      const client = await s.client('deaf', { allowHalfOpen: true });
      await s.shutsDown();
      await client.isEnded();
      expect(s.leftovers()).toContain('3 timers');
      await s.advance(5_000);
      expect(s.leftovers()).toEqual(['connection 127.0.0.1:32768 to 127.0.0.1:1601']);
    });
  });
});

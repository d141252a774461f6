import { describe, expect, it } from '@jest/globals';
import { createActor, emit, fromPromise } from 'xstate';
import { createServerCore, echo, serverCore, setupProtocol } from '../../server/index';
import {
  assertConnections,
  assertEmitted,
  assertInState,
  forSeeds,
  handler,
  memoryNetwork,
  scenario,
  ScenarioError,
} from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';

const parallel = setupProtocol().createMachine({
  type: 'parallel',
  states: {
    light: { initial: 'on', states: { on: {}, off: {} } },
    sound: { initial: 'low', states: { low: {}, high: {} } },
  },
});

/** The message of what is thrown, without what happened last. */
function complaint(expectation: () => unknown): string {
  try {
    expectation();
  } catch (error) {
    return (error as Error).message.split('\n\nWhat happened last:')[0] ?? '';
  }
  return 'It was met';
}

describe('A state', () => {
  it('is found in an actor, a server and a handler, with or without what is in it', async () => {
    await using h = await handler(parallel);
    expect(h).toBeInState({ light: 'on', sound: 'low' });
    expect(h.actor).toBeInState({ light: 'on' });
    expect(h.actor).not.toBeInState({ light: 'off' });
    assertInState(h.scenario.server, 'listening');
    const server = createServerCore({ protocol: echo });
    expect(server).toBeInState('starting');
  });

  it('that it is not in is told, with what happened last', async () => {
    await using h = await handler(parallel);
    const found = 'is in light.on, sound.low';
    const check = (): void => {
      expect(h.actor).toBeInState({ light: 'off' });
    };
    expect(complaint(check)).toBe(`The actor was to be in light.off, but ${found}`);
    expect(check).toThrow('What happened last:\n     0 ms  serverCore               starts in starting');
    expect(
      complaint(() => {
        expect(h.actor).not.toBeInState({ light: 'on' });
      }),
    ).toBe(`The actor was not to be in light.on, but ${found}`);
    expect(() => {
      assertInState(h.actor, { light: 'off' });
    }).toThrow(ScenarioError);
  });

  it('is nothing that a promise has', () => {
    const actor = createActor(fromPromise(() => Promise.resolve(1)));
    expect(
      complaint(() => {
        expect(actor).toBeInState('any');
      }),
    ).toBe('The actor was to be in any, but has no states');
  });

  it('that there is not in the chart is a mistake, also when it is not to be in it', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    for (const state of ['listenning', 'listening.acepting', { listening: 'acepting' }]) {
      expect(
        complaint(() => {
          expect(s).not.toBeInState(state);
        }),
      ).toMatch(/^The chart serverCore has no state /);
    }
    expect(s).toBeInState('listening.accepting');
  });

  it.each([undefined, 42, {}])('is nothing that %p has', (nobody) => {
    const check = (): void => {
      expect(nobody).not.toBeInState('any');
    };
    expect(complaint(check)).toMatch(/^toBeInState is for an actor, a scenario, a handler or a server, not for /);
  });

  it('of an actor that has ended is told as such', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    await s.shutsDown();
    expect(s.server).toBeInState('shutdown');
    expect(
      complaint(() => {
        expect(s.server).toBeInState('listening');
      }),
    ).toBe('The actor was to be in listening, but is in shutdown, and its status is done');
  });
});

describe('Connections', () => {
  it('are counted', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const [ada] = await s.clients('ada', 'bob');
    expect(s).toHaveConnections(2);
    await ada.leaves();
    assertConnections(s, 1);
    expect(s).not.toHaveConnections(2);
    expect(
      complaint(() => {
        expect(s).toHaveConnections(2);
      }),
    ).toBe('The scenario was to have 2 connections, but has 1');
    expect(
      complaint(() => {
        expect(s).not.toHaveConnections(1);
      }),
    ).toBe('The scenario was not to have 1 connections, but has 1');
    expect(() => {
      assertConnections(s, 0);
    }).toThrow(ScenarioError);
  });
});

describe('A matcher', () => {
  it('is not met by what it is not for, also when it is negated', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    expect(
      complaint(() => {
        expect(s.server).not.toHaveConnections(0);
      }),
    ).toMatch(/^toHaveConnections is for a scenario, not for /);
    expect(
      complaint(() => {
        expect(42).not.toHaveEmitted({ type: 'x' });
      }),
    ).toMatch(/^toHaveEmitted is for a scenario or /);
  });
});

describe('What was emitted', () => {
  it('is found by the values that matter, also by asymmetric matchers', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const ada = await s.client('ada');
    await ada.leaves();
    expect(s).toHaveEmitted({ type: 'connection.closed', id: 'connection:1', reason: 'peerClosed' });
    expect(s).toHaveEmitted({ type: 'connection.opened', peerport: expect.any(Number) });
    expect(s).not.toHaveEmitted({ type: 'connection.closed', reason: 'reset' });
    assertEmitted(s, { type: 'server.listening' });
  });

  it('is found by asymmetric matchers within its values', async () => {
    const talkative = setupProtocol().createMachine({
      entry: emit({ type: 'talk', what: { count: 3, words: ['a', 'b'] } } as never),
    });
    await using h = await handler(talkative);
    expect(h).toHaveEmitted({ type: 'talk', what: { count: expect.any(Number), words: ['a', expect.any(String)] } });
    expect(h).not.toHaveEmitted({ type: 'talk', what: { count: expect.any(Number) } });
  });

  it('and was not is told, with all that happened', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const check = (): void => {
      expect(s).toHaveEmitted({ type: 'connection.opened' });
    };
    expect(check).toThrow('An event connection.opened with these values was to be emitted, but none of its type was');
    expect(check).toThrow('emits server.listening address: "127.0.0.1", port: 1601');
    expect(() => {
      expect(s).not.toHaveEmitted({ type: 'server.listening' });
    }).toThrow('was not to be emitted, but 1 of its type was');
    expect(() => {
      assertEmitted(s, { type: 'connection.opened' });
    }).toThrow(ScenarioError);
  });
});

describe('forSeeds', () => {
  it('plays each seed once', async () => {
    const seeds: number[] = [];
    await forSeeds({ from: 7, count: 3 }, (seed) => seeds.push(seed));
    expect(seeds).toEqual([7, 8, 9]);
  });

  it('begins somewhere else each time', async () => {
    const seeds = new Set<number>();
    for (let n = 0; n < 5; n += 1) await forSeeds({ count: 1 }, (seed) => seeds.add(seed));
    expect(seeds.size).toBeGreaterThan(1);
  });

  it('stops at the first that fails, and tells how to play it again', async () => {
    const seeds: number[] = [];
    const cause = new Error('no');
    const playing = forSeeds({ from: 7, count: 100 }, async (seed) => {
      await Promise.resolve();
      seeds.push(seed);
      if (seed === 9) throw cause;
    });
    await expect(playing).rejects.toMatchObject({
      name: 'ScenarioError',
      message: 'Seed 9 fails; forSeeds({ from: 9, count: 1 }, …) plays it again.\n\nno',
      cause,
    });
    expect(seeds).toEqual([7, 8, 9]);
  });

  it.each([{ count: -1 }, { count: 0.5 }, { from: NaN, count: 1 }])('refuses %j', async (seeds) => {
    await expect(forSeeds(seeds, () => undefined)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  });
});

describe('A memory network', () => {
  it('is shared by scenarios that are given the same', async () => {
    const network = memoryNetwork();
    await using one = await scenario(serverCore, { protocol: echo, port: 1 }, { network });
    await using other = await scenario(serverCore, { protocol: echo, port: 2 }, { network });
    const client = await one.client('client', { port: 2 });
    await client.isOpen();
    expect(one).toHaveConnections(0);
    expect(other).toHaveConnections(1);
  });
});

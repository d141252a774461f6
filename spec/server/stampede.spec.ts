import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomInt } from 'node:crypto';
import type { AnyActorRef } from 'xstate';
import type { ServerEmitted } from '../../server/index';
import { deedNames, greeting, Stampede } from '../abuse/stampede';
import { GoodClient } from '../abuse/goodClient';
import { eventually } from '../support/events';
import { atEnd, connectClient } from '../support/fixtures';
import { expectNothingLeft } from '../support/nothingLeft';
import { census } from '../support/inspect/onlooker';
import { inCi } from '../support/thoroughness';

/** The number of deeds. There is one each 20 ms, so they take 10 s in CI, and 2 s elsewhere. */
const times = inCi(500, 100);

/** `STAMPEDE_SEED=123 npm test -- spec/server/stampede.spec.ts` does the deeds of a seed again. */
const seed = Number(process.env['STAMPEDE_SEED'] ?? randomInt(2 ** 31));

type EmittedOf<T extends ServerEmitted['type']> = Extract<ServerEmitted, { type: T }>;

const of = <T extends ServerEmitted['type']>(told: readonly ServerEmitted[], type: T): EmittedOf<T>[] =>
  told.filter((event): event is EmittedOf<T> => event.type === type);

/** Makes all clients leave. Expects that each end was told once, with its reason, and that nothing is left. */
async function expectOrder(stampede: Stampede, running: () => AnyActorRef[]): Promise<void> {
  const { server, told, expected } = stampede;
  for (const client of stampede.clients) client.end();
  await eventually(() => server.actor.getSnapshot().context.open === 0);
  // the registry was started before the actors were counted
  expect(running().map(({ id }) => id)).toEqual([server.actor.id, 'listener']);

  const opened = of(told, 'connection.opened').map(({ id }) => id);
  const closed = of(told, 'connection.closed');
  expect(closed.map(({ id }) => id).sort()).toEqual(opened.sort());
  for (const { id, reason, error } of closed) {
    expect({ id, reason, error }).toMatchObject({ id, ...(expected.get(id) ?? { reason: 'peerClosed' }) });
  }
  const failed = closed.filter(({ reason }) => reason === 'handlerFailed').map(({ id }) => id);
  expect(of(told, 'connection.failed').map(({ id }) => id)).toEqual(failed);
  await expectNothingLeft({ server, port: server.address?.port ?? 0 });
  expect(await server.closed).toMatchObject({ connections: opened.length, rejected: 0 });
}

describe('A server with 100 connections, in which something ends or throws every 20 ms', () => {
  const uncaught = jest.fn<(error: unknown) => void>();

  beforeEach(() => {
    process.on('uncaughtException', uncaught).on('unhandledRejection', uncaught);
  });

  afterEach(() => {
    process.off('uncaughtException', uncaught).off('unhandledRejection', uncaught);
  });

  it('serves all others on, tells of each end once, and leaves nothing', async () => {
    const stampede = new Stampede(seed);
    const { server } = stampede;
    atEnd(() => {
      server.actor.stop();
    });
    const running = census(server.actor);
    try {
      await stampede.start();
      const good = await GoodClient.connect(server.address?.port ?? 0);
      // a listener that breaks also breaks the clients that wait to be accepted
      await eventually(() => good.answers > 0);
      await stampede.run(times);
      // makes sure that something has happened at all
      expect(new Set(stampede.done)).toEqual(new Set(deedNames));
      await good.stop();

      await eventually(() => server.actor.getSnapshot().matches({ listening: 'accepting' }));
      const newcomer = await connectClient(server.address?.port ?? 0);
      await newcomer.send(greeting);
      for (const client of [newcomer, ...stampede.clients]) {
        expect(await client.receiveText(greeting)).toBe(greeting);
      }
      await newcomer.destroy();
      await expectOrder(stampede, running);
      expect(uncaught.mock.calls).toEqual([]);
    } catch (error) {
      const last = stampede.done.slice(-10).join(', ');
      const again = `STAMPEDE_SEED=${String(seed)} npm test -- spec/server/stampede.spec.ts`;
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`Again: ${again}\nDone at last: ${last}\n\n${why}`, { cause: error });
    }
  }, 60_000);
});

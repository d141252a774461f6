import { describe, expect, it } from '@jest/globals';
import { fromCallback, type AnyActorLogic } from 'xstate';
import { echo, singleServer, type ConnectionInfo, type ProtocolEvent } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emittedOf, inbox } from '../support/boxes';
import { handler } from '../support/fixtures';

describe('SingleServer with a protocol', () => {
  it('gives each client a handler of its own, told who the client is', async () => {
    const infos: ConnectionInfo[] = [];
    await using s = await scenario(singleServer, {
      protocol: (info) => {
        infos.push(info);
        return echo;
      },
    });
    for (const [text, localPort] of [
      ['one', 40_001],
      ['two', 40_002],
    ] as const) {
      const client = await s.client(text, { localPort });
      await client.sends(text);
      await client.receives(text);
      await client.ends();
    }
    const shared = { peer: '127.0.0.1', localip: '127.0.0.1', localport: 1601, encrypted: false };
    expect(infos).toEqual([
      { ...shared, id: 'connection:1', peerport: 40_001 },
      { ...shared, id: 'connection:2', peerport: 40_002 },
    ]);
  });

  it('keeps the bytes between client and handler: outbox stays silent', async () => {
    await using s = await scenario(singleServer, { protocol: echo });
    const client = await s.client();
    await client.sends('private');
    await client.receives('private');
    await client.ends();
    expect(s).not.toHaveEmitted({ type: 'outbox' });
  });

  it('sends the client what comes on inbox, beside what its handler sends', async () => {
    await using s = await scenario(singleServer, { protocol: echo });
    await inbox(s, 'waited; ');
    const client = await s.client();
    await client.receives('waited; ');
    await client.sends('echoed; ');
    await client.receives('echoed; ');
    await inbox(s, 'direct');
    await client.receives('direct');
    await client.ends();
    expect(s.closed).toMatchObject([{ bytesIn: 8, bytesOut: 22 }]);
  });

  it('ends the client when its handler is done, and serves the next', async () => {
    const brief = handler(({ emit, input }) => {
      emit({ type: 'outbox', data: input.id });
      emit({ type: 'signal.producerFinished' });
    });
    await using s = await scenario(singleServer, { protocol: brief });
    for (const id of ['connection:1', 'connection:2']) {
      const client = await s.client(id);
      await client.receives(id);
      await client.isClosed('handlerFinished');
    }
    expect(emittedOf(s, 'signal.producerFinished').map(({ id, reason }) => [id, reason])).toEqual([
      ['connection:1', 'handlerFinished'],
      ['connection:2', 'handlerFinished'],
    ]);
  });

  it('survives a handler that throws: at its making, at its start, at its first byte', async () => {
    const crashes: (() => AnyActorLogic)[] = [
      () => {
        throw new Error('no handler');
      },
      () =>
        fromCallback<ProtocolEvent, ConnectionInfo>(() => {
          throw new Error('no start');
        }),
      () =>
        fromCallback<ProtocolEvent, ConnectionInfo>(({ receive }) => {
          receive((event) => {
            if (event.type === 'inbox') throw new Error('no bytes');
          });
        }),
    ];
    let turn = 0;
    await using s = await scenario(singleServer, { protocol: () => crashes[turn]?.() ?? echo });
    for (turn = 0; turn < crashes.length; turn += 1) {
      const client = await s.client();
      client.socket.write('x');
      await client.isEnded();
      await client.isClosed('handlerFailed');
    }
    expect(emittedOf(s, 'connection.failed').map(({ id, error }) => [id, (error as Error).message])).toEqual([
      ['connection:1', 'no handler'],
      ['connection:2', 'no start'],
      ['connection:3', 'no bytes'],
    ]);
    expect(emittedOf(s, 'signal.producerFinished').map(({ reason }) => reason)).toEqual([
      'handlerFailed',
      'handlerFailed',
      'handlerFailed',
    ]);

    const client = await s.client();
    await client.sends('fine');
    await client.receives('fine');
  });

  it('is shut down by a handler that emits serversignal.serverShutdown', async () => {
    const fatal = handler(({ emit, receive }) => {
      receive((event) => {
        if (event.type === 'inbox') emit({ type: 'serversignal.serverShutdown' });
        if (event.type !== 'control.serverShutdown') return;
        emit({ type: 'outbox', data: 'bye' });
        emit({ type: 'signal.producerFinished' });
      });
    });
    await using s = await scenario(singleServer, { protocol: fatal }, { split: 0 });
    const client = await s.client();
    await client.sends('stop');
    await client.receives('bye');
    await client.isEnded();
    expect(s.output).toMatchObject({
      connections: 1,
      drained: [{ id: 'connection:1', reason: 'handlerFinished', bytesIn: 4, bytesOut: 3 }],
    });
    expect(s.leftovers()).toEqual([]);
  });
});

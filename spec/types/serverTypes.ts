import { describe, expect, it } from '@jest/globals';
import { Snippets } from './snippets';

const snippets = new Snippets(`
import { createActor, createMachine, setup } from 'xstate';
import { fromCallback, fromEventObservable, fromObservable, fromPromise, fromTransition } from 'xstate';
import { createServerCore, createSingleServer, echo, serverCore, singleServer, tcpClient } from '../../server/index';
import type { CloseReason, ConnectionInfo, ListenAddress, ProtocolEmitted, ProtocolEvent } from '../../server/index';
import type { ServerSummary } from '../../server/index';
const server = createServerCore({ protocol: echo });
const single = createSingleServer();
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
`);

const missing = 'does not exist in type';

describe('The types of a server', () => {
  describe('for its options', () => {
    const right = snippets.add(`
      createServerCore({ protocol: echo, port: 0, host: '::', backlog: 1, allowHalfOpen: true, noDelay: false });
      createServerCore({ protocol: echo, path: '/run/x', keepAlive: 5_000, whenBusy: 'queue', maxQueued: 3 });
      createServerCore({ protocol: echo, fd: 3, busyReply: 'no', maxConnections: 2, writeTimeout: 1, maxBufferedBytes: 1 });
      createServerCore({ protocol: echo, shutdownTimeout: 1, lingerTimeout: 1, busyReply: new Uint8Array(2) });
      createSingleServer();
      createSingleServer({ port: 0, protocol: echo, maxPendingBytes: 3 });`);
    it('take every one that there is', () => {
      expect(right()).toEqual([]);
    });

    it.each([
      ['a wrong name', 'prot', snippets.add(`createServerCore({ protocol: echo, prot: 1 });`), missing],
      ['a wrong type', 'port', snippets.add(`createServerCore({ protocol: echo, port: '1601' });`), `'number'`],
      [
        'a wrong word',
        'whenBusy',
        snippets.add(`createServerCore({ protocol: echo, whenBusy: 'wait' });`),
        `'WhenBusy'`,
      ],
      ['no protocol', '{ port: 0 }', snippets.add(`createServerCore({ port: 0 });`), `'protocol' is missing`],
      [
        "SingleServer's",
        'maxPendingBytes',
        snippets.add(`createServerCore({ protocol: echo, maxPendingBytes: 1 });`),
        missing,
      ],
      ["ServerCore's", 'maxConnections', snippets.add(`createSingleServer({ maxConnections: 1 });`), missing],
      ['a wrong name of shutdown', 'timout', snippets.add(`void server.shutdown({ timout: 1 });`), missing],
    ])('refuse %s', (_, at, complaints, says) => {
      expect(complaints()).toEqual([{ at, says: expect.stringContaining(says) }]);
    });
  });

  describe('for its protocol', () => {
    const kinds = snippets.add(`
      createServerCore({ protocol: fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ receive, emit, input }) => {
        receive((event) => { if (event.type === 'inbox') emit({ type: 'outbox', data: event.data }); });
        emit({ type: 'outbox', data: input.peer });
      }) });
      createServerCore({ protocol: fromTransition<number, ProtocolEvent, never, ConnectionInfo, ProtocolEmitted>(
        (count, event, { emit }) => { if (event.type === 'inbox') emit({ type: 'outbox', data: event.data }); return count + 1; }, 0,
      ) });
      createServerCore({ protocol: fromPromise<string, ConnectionInfo>(({ input }) => Promise.resolve(input.peer)) });
      createServerCore({ protocol: fromPromise(() => Promise.resolve('hi')) });
      const never = { subscribe: () => ({ unsubscribe: () => undefined }) };
      createServerCore({ protocol: fromObservable<string, ConnectionInfo>(() => never) });
      createServerCore({ protocol: fromEventObservable<{ type: 'x' }, ConnectionInfo>(() => never) });
      createServerCore({ protocol: createMachine({}) });
      createServerCore({ protocol: setup({ types: { events: {} as ProtocolEvent } }).createMachine({}) });
      createServerCore({ protocol: () => echo });
      createServerCore({ protocol: (info) => (info.peerport > 1_000 ? echo : fromCallback(() => undefined)) });`);
    it('take logic of every kind, and factories', () => {
      expect(kinds()).toEqual([]);
    });

    it.each([
      ['a number', 'protocol', snippets.add(`createServerCore({ protocol: 7 });`), `'Protocol'`],
      ['an object that is no logic', 'not', snippets.add(`createServerCore({ protocol: { not: 'logic' } });`), missing],
      ['a factory of numbers', 'protocol', snippets.add(`createServerCore({ protocol: () => 7 });`), `'AnyActorLogic'`],
      [
        'a factory that is asynchronous',
        'protocol',
        snippets.add(`createServerCore({ protocol: () => Promise.resolve(echo) });`),
        `Promise`,
      ],
      [
        'what no ConnectionInfo has',
        'peerip',
        snippets.add(`createServerCore({ protocol: (info) => (info.peerip ? echo : echo) });`),
        `'ConnectionInfo'`,
      ],
    ])('refuse %s', (_, at, complaints, says) => {
      expect(complaints()).toEqual([{ at, says: expect.stringContaining(says) }]);
    });
  });

  describe('for what it emits', () => {
    const right = snippets.add(`
      server.on('connection.closed', ({ reason, id, bytesIn, bytesOut, durationMs }) => {
        true satisfies Same<typeof reason, CloseReason>;
        true satisfies Same<[typeof id, typeof bytesIn, typeof bytesOut, typeof durationMs], [string, number, number, number]>;
      });
      server.on('connection.opened', ({ peer, peerport, localip, localport }) => {
        true satisfies Same<[typeof peer, typeof peerport, typeof localip, typeof localport], [string, number, string, number]>;
      });
      server.on('*', (event) => { if (event.type === 'server.listening') event.port satisfies number; });
      server.actor.on('connection.closed', ({ reason }) => { true satisfies Same<typeof reason, CloseReason>; });
      single.on('outbox', ({ data }) => { single.send({ type: 'inbox', data }); });
      single.on('signal.producerFinished', ({ reason }) => { true satisfies Same<typeof reason, CloseReason>; });`);
    it('know the payload of every event', () => {
      expect(right()).toEqual([]);
    });

    const closed = (body: string): (() => unknown) =>
      snippets.add(`server.on('connection.closed', (event) => { ${body} });`);
    it.each([
      [
        'a name',
        `'connection.closd'`,
        snippets.add(`server.on('connection.closd', () => undefined);`),
        'not assignable',
      ],
      [
        'a name, asked of the actor',
        `'connection.closd'`,
        snippets.add(`server.actor.on('connection.closd', () => undefined);`),
        'not assignable',
      ],
      ["SingleServer's outbox", `'outbox'`, snippets.add(`server.on('outbox', () => undefined);`), 'not assignable'],
      ['a reason', `event.reason === 'bored'`, closed(`if (event.reason === 'bored') return;`), 'no overlap'],
      ['a property', 'cause', closed(`void event.cause;`), "Property 'cause' does not exist"],
    ])('refuse %s that is not there', (_, at, complaints, says) => {
      expect(complaints()).toEqual([{ at, says: expect.stringContaining(says) }]);
    });
  });

  describe('for what one sends it', () => {
    const right = snippets.add(`
      server.send({ type: 'control.serverShutdown' });
      server.send({ type: 'control.serverShutdown', timeout: 5_000 });
      server.send({ type: 'control.shutdownMicroprocess' });
      server.actor.send({ type: 'control.serverShutdown' });
      single.send({ type: 'inbox', data: new Uint8Array(1) });
      single.send({ type: 'control.producerFinished' });`);
    it('know its inboxes', () => {
      expect(right()).toEqual([]);
    });

    it.each([
      ['a wrong event', 'type', snippets.add(`server.send({ type: 'control.shutdown' });`), '"control.shutdown"'],
      [
        'a wrong event for the actor',
        'type',
        snippets.add(`server.actor.send({ type: 'control.shutdown' });`),
        '"control.shutdown"',
      ],
      ["SingleServer's inbox", 'type', snippets.add(`server.send({ type: 'inbox', data: 'x' });`), '"inbox"'],
      [
        'a wrong payload',
        'timeout',
        snippets.add(`server.send({ type: 'control.serverShutdown', timeout: '5' });`),
        `'number'`,
      ],
      ['no payload', `{ type: 'inbox' }`, snippets.add(`single.send({ type: 'inbox' });`), 'data'],
      ['what are no bytes', 'data', snippets.add(`single.send({ type: 'inbox', data: 7 });`), `'Bytes'`],
    ])('refuse %s', (_, at, complaints, says) => {
      expect(complaints()).toEqual([{ at, says: expect.stringContaining(says) }]);
    });
  });

  describe('for what it returns', () => {
    const right = snippets.add(`export async function main(): Promise<void> {
      await using scoped = createServerCore({ protocol: echo });
      (await scoped.start()) satisfies ListenAddress;
      const summary = await scoped.shutdown({ timeout: 5_000 });
      true satisfies Same<typeof summary, ServerSummary>;
      summary.reasons.peerClosed satisfies number | undefined;
      summary.drained[0]?.reason satisfies CloseReason | undefined;
      scoped.actor.getSnapshot().matches({ listening: 'accepting' });
    }`);
    const wrongState = snippets.add(`server.actor.getSnapshot().matches('lisening');`);
    it('know the address, the summary and the states', () => {
      expect(right()).toEqual([]);
      expect(wrongState()).toEqual([{ at: `'lisening'`, says: expect.stringContaining('not assignable') }]);
    });
  });

  describe('for embedding', () => {
    const right = snippets.add(`
      const actor = createActor(serverCore, { input: { protocol: echo, port: 0 } });
      actor.on('connection.closed', ({ reason }) => { true satisfies Same<typeof reason, CloseReason>; });
      actor.getSnapshot().output satisfies ServerSummary | undefined;
      createActor(singleServer, { input: { port: 0 } });
      createActor(tcpClient, { input: { port: 1 } });
      export const bare = createMachine({ invoke: { src: serverCore, input: { protocol: echo } } });
      export const app = setup({ actors: { serverCore } }).createMachine({
        invoke: {
          src: 'serverCore',
          input: { protocol: echo, port: 0 },
          onDone: { actions: ({ event }) => { event.output satisfies ServerSummary; } },
        },
      });`);
    it('make actors and invocations of the logic as it is', () => {
      expect(right()).toEqual([]);
    });

    it.each([
      [
        'a wrong option',
        'prot',
        snippets.add(`createActor(serverCore, { input: { protocol: echo, prot: 0 } });`),
        missing,
      ],
      [
        'no protocol',
        'input',
        snippets.add(`createActor(serverCore, { input: { port: 0 } });`),
        `'protocol' is missing`,
      ],
      ['no input', 'createActor', snippets.add(`createActor(serverCore);`), 'Expected 2 arguments'],
      ['a wrong event', 'type', snippets.add(`createActor(singleServer).send({ type: 'inbux' });`), '"inbux"'],
      [
        'an option of a wrong type, in an invocation',
        'invoke',
        snippets.add(`setup({ actors: { serverCore } }).createMachine({
        invoke: { src: 'serverCore', input: { protocol: echo, port: '0' } } });`),
        `'number'`,
      ],
    ])('refuse %s', (_, at, complaints, says) => {
      expect(complaints()).toEqual([{ at, says: expect.stringContaining(says) }]);
    });
  });
});

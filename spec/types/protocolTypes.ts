import { describe, expect, it } from '@jest/globals';
import { Snippets } from './snippets';

const snippets = new Snippets(`
import { assign, emit, fromPromise, setup } from 'xstate';
import { createServerCore, setupProtocol } from '../../server/index';
import type { ConnectionInfo, ProtocolEmitted, ProtocolEvent } from '../../server/index';
`);

const on = (config: string): (() => unknown) =>
  snippets.add(`export const protocol = setupProtocol().createMachine({ on: ${config} });`);

describe('The types of a protocol', () => {
  describe('made with setupProtocol', () => {
    const echo = `export const echo = setupProtocol().createMachine({
      on: {
        inbox: { actions: 'reply' },
        'control.producerFinished': { actions: 'finish' },
        'control.serverShutdown': { actions: 'finish' },
      },
    });
    createServerCore({ protocol: echo });`;
    const compiledEcho = snippets.add(echo);
    it('take echo as a statechart of a dozen lines', () => {
      expect(echo.split('\n').length).toBeLessThanOrEqual(12);
      expect(compiledEcho()).toEqual([]);
    });

    const everyBox = on(`{
      inbox: { actions: [{ type: 'reply', params: ({ event }) => ({ data: event.data.subarray(1) }) }] },
      'control.producerFinished': { actions: 'finish' },
      'control.socketShutdown': { actions: ({ event }) => { event.reason satisfies string; event.error satisfies unknown; } },
      'control.serverShutdown': { actions: { type: 'reply', params: { data: 'goodbye' } } },
      'control.noSpaceInBox': { actions: 'abort' },
      'control.spaceInBox': { actions: 'shutdownServer' },
      'control.*': {},
      '*': {},
    }`);
    it('know every box and every action', () => {
      expect(everyBox()).toEqual([]);
    });

    it.each([
      ['a wrong event', 'inbux', on(`{ inbux: { actions: 'reply' } }`)],
      ['a wrong event of a box', `'control.serverShutdwn'`, on(`{ 'control.serverShutdwn': { actions: 'finish' } }`)],
      ['a wrong box of any event', `'contrl.*'`, on(`{ 'contrl.*': { actions: 'finish' } }`)],
      ['an outbox where an inbox belongs', 'outbox', on(`{ outbox: { actions: 'reply' } }`)],
      ['a wrong event with a bare target', 'inbux', on(`{ inbux: 'elsewhere' }`)],
    ])('refuse %s', (_, at, complaints) => {
      expect(complaints()).toEqual([{ at, says: expect.stringContaining('does not exist in type') }]);
    });

    it.each([
      ['a right one', on(`{ inbox: { actions: 'reply' }, inbux: { actions: 'reply' } }`)],
      ['several right ones', on(`{ inbox: {}, 'control.serverShutdown': { actions: 'finish' }, inbux: {} }`)],
      ['any event', on(`{ '*': { actions: 'abort' }, inbux: { actions: 'reply' } }`)],
    ])('refuse a wrong event beside %s', (_, complaints) => {
      expect(complaints()).toEqual([{ at: 'inbux', says: expect.stringContaining('inbux') }]);
    });

    const nested = snippets.add(`export const protocol = setupProtocol<{ lines: number }>().createMachine({
      context: ({ input }) => ({ lines: input.peerport }),
      initial: 'open',
      states: {
        open: {
          initial: 'reading',
          states: { reading: { on: { inbox: { guard: ({ context }) => context.lines > 1 }, inbux: 'reading' } } },
        },
      },
    });`);
    it('refuse a wrong event beside a right one in a nested state', () => {
      expect(nested()).toEqual([{ at: 'inbux', says: expect.stringContaining('inbux') }]);
    });

    const inState = snippets.add(`export const protocol = setupProtocol().createMachine({
      initial: 'reading',
      states: { reading: { on: { inbux: { actions: 'reply' } } } },
    });`);
    it('refuse a wrong event in a state', () => {
      expect(inState()).toEqual([{ at: 'inbux', says: expect.stringContaining("Did you mean to write 'inbox'?") }]);
    });

    it.each([
      ['a wrong action', on(`{ inbox: { actions: 'replay' } }`), '"replay"'],
      ['a wrong action among right ones', on(`{ inbox: { actions: ['reply', 'finnish'] } }`), '"finnish"'],
      [
        'params of reply by another name',
        on(`{ inbox: { actions: { type: 'reply', params: { text: 'x' } } } }`),
        'text',
      ],
      [
        'params of reply that are no bytes',
        on(`{ inbox: { actions: { type: 'reply', params: { data: 7 } } } }`),
        'number',
      ],
      [
        'computed params that are no bytes',
        on(`{ inbox: { actions: { type: 'reply', params: () => ({ data: 7 }) } } }`),
        'number',
      ],
    ])('refuse %s', (_, complaints, what) => {
      expect(complaints()).toEqual([
        { at: expect.stringMatching(/^(inbox|text)$/), says: expect.stringContaining(what) },
      ]);
    });

    const wrongData = on(`{ inbox: { actions: { type: 'reply', params: ({ event }) => ({ data: event.text }) } } }`);
    it("refuse what an event doesn't have", () => {
      expect(wrongData()).toEqual([{ at: 'text', says: expect.stringContaining("Property 'text' does not exist") }]);
    });

    const emits = on(`{ inbox: { actions: [
      emit({ type: 'outbox', data: 'text' }),
      emit(({ event }) => ({ type: 'outbox', data: event.data })),
      emit({ type: 'outbox', data: new Uint8Array(3) }),
      emit({ type: 'signal.producerFinished' }),
      emit({ type: 'signal.shutdownMicroprocess' }),
      emit({ type: 'serversignal.serverShutdown' }),
    ] } }`);
    it('let it emit to every outbox', () => {
      expect(emits()).toEqual([]);
    });

    it.each([
      ['to a wrong outbox', on(`{ inbox: { actions: emit({ type: 'outbux', data: '' }) } }`), '"outbux"'],
      ['to a wrong signal', on(`{ inbox: { actions: emit({ type: 'signal.done' }) } }`), '"signal.done"'],
      ['what are no bytes', on(`{ inbox: { actions: emit({ type: 'outbox', data: 7 }) } }`), `Type 'number'`],
      ['no bytes at all', on(`{ inbox: { actions: emit({ type: 'outbox' }) } }`), `Property 'data' is missing`],
      [
        'computed, to a wrong outbox',
        on(`{ inbox: { actions: emit(() => ({ type: 'outbux', data: '' })) } }`),
        'outbux',
      ],
    ])('refuse to emit %s', (_, complaints, what) => {
      expect(complaints()).toEqual([{ at: expect.any(String), says: expect.stringContaining(what) }]);
    });

    const input = snippets.add(`export const protocol = setupProtocol<{ who: string; port: number }>().createMachine({
      context: ({ input }) => ({
        who: input.peer + input.localip + input.id satisfies string,
        port: input.peerport + input.localport satisfies number,
      }),
      entry: { type: 'reply', params: ({ context }) => ({ data: context.who }) },
    });`);
    const wrongInput = snippets.add(`export const protocol = setupProtocol<{ who: string }>().createMachine({
      context: ({ input }) => ({ who: input.peerip }),
    });`);
    it('know the input, and what it has not', () => {
      expect(input()).toEqual([]);
      expect(wrongInput()).toEqual([{ at: 'peerip', says: expect.stringContaining("'ConnectionInfo'") }]);
    });

    const extended = snippets.add(`
    export const protocol = setupProtocol<{ lines: number }, { type: 'tick'; at: number }>().extend({
      actions: { count: assign({ lines: ({ context }) => context.lines + 1 }) },
      guards: { hasMany: ({ context }) => context.lines > 9 },
    }).createMachine({
      context: { lines: 0 },
      on: {
        inbox: [{ guard: 'hasMany', actions: 'finish' }, { actions: ['count', 'reply'] }],
        tick: { actions: ({ event }) => { event.at satisfies number; } },
      },
    });
    createServerCore({ protocol });`);
    const wrongEvent = snippets.add(`export const protocol = setupProtocol().extend({
      guards: { hasMany: () => true },
    }).createMachine({ on: { inbox: { guard: 'hasMany' }, inbux: { guard: 'hasMany' } } });`);
    const wrongGuard = snippets.add(`export const protocol = setupProtocol().extend({
      guards: { hasMany: () => true },
    }).createMachine({ on: { inbox: { guard: 'hasMny' } } });`);
    it('can be extended, and stay as strict', () => {
      expect(extended()).toEqual([]);
      expect(wrongEvent()).toEqual([{ at: 'inbux', says: expect.stringContaining('inbux') }]);
      expect(wrongGuard()).toEqual([{ at: 'inbox', says: expect.stringContaining('hasMny') }]);
    });
  });

  describe("made with XState's own setup", () => {
    const types = 'types: {} as { events: ProtocolEvent; emitted: ProtocolEmitted; input: ConnectionInfo }';
    const right = snippets.add(`
    export const protocol = setup({
      ${types},
      actors: { look: fromPromise<string, string>(({ input }) => Promise.resolve(input)) },
    }).createMachine({
      initial: 'reading',
      states: {
        reading: { on: { inbox: 'looking' } },
        looking: {
          invoke: {
            src: 'look',
            input: 'x',
            onDone: { target: 'reading', actions: emit(({ event }) => ({ type: 'outbox', data: event.output })) },
          },
        },
      },
    });
    createServerCore({ protocol });`);
    const wrongEvent = snippets.add(
      `export const protocol = setup({ ${types} }).createMachine({ on: { inbux: {} } });`,
    );
    const wrongOutbox = snippets.add(
      `export const protocol = setup({ ${types} }).createMachine({ entry: emit({ type: 'outbux' }) });`,
    );
    it('are as strict with ProtocolEvent and ProtocolEmitted', () => {
      expect(right()).toEqual([]);
      expect(wrongEvent()).toEqual([{ at: 'inbux', says: expect.stringContaining('does not exist in type') }]);
      expect(wrongOutbox()).toEqual([{ at: 'type', says: expect.stringContaining('"outbux"') }]);
    });
  });
});

import { emit, fromCallback, fromPromise, setup, type AnyActorLogic } from 'xstate';
import type { ConnectionInfo, ProtocolEmitted, ProtocolEvent } from '../../server/index';
import type { HandlerRecord } from './handlerRecord';
import { words } from './words';

/** XState's `setup` for charts that record the events they get and emit. */
const protocolOf = (record: HandlerRecord) =>
  setup({
    types: {} as { events: ProtocolEvent; emitted: ProtocolEmitted; input: ConnectionInfo },
    actors: {
      failing: fromPromise<never>(() => Promise.reject(new Error('under test'))),
      idle: fromCallback(() => undefined),
    },
    actions: {
      hear: ({ event }) => {
        record.hear(event);
      },
      reply: emit(({ event }) => {
        const data = 'data' in event ? event.data : '';
        return { type: 'outbox', data: record.says(data) } as const;
      }),
      say: emit((_, { data }: { data: string }) => ({ type: 'outbox', data: record.says(data) }) as const),
      misspeak: emit(() => {
        record.misspeaks();
        return { type: 'outbox', data: 7 as never } as const;
      }),
      finish: emit(() => {
        record.finishes();
        return { type: 'signal.producerFinished' } as const;
      }),
      abort: emit(() => {
        record.aborts();
        return { type: 'signal.shutdownMicroprocess' } as const;
      }),
      shutdownServer: emit({ type: 'serversignal.serverShutdown' }),
      noteEnd: () => {
        record.finishes();
      },
      crash: () => record.crashes(),
      noteCrash: () => {
        record.hasCrashed = true;
      },
    },
    guards: {
      has: ({ event }, { word }: { word: string }) => event.type === 'inbox' && event.data.includes(word),
    },
  });

const has = (word: string): { type: 'has'; params: { word: string } } => ({ type: 'has', params: { word } });
const say = (data: string): { type: 'say'; params: { data: string } } => ({ type: 'say', params: { data } });

type Chart = (record: HandlerRecord) => AnyActorLogic;

/** Echoes. */
const echo: Chart = (record) => protocolOf(record).createMachine({ on: { inbox: { actions: ['hear', 'reply'] } } });

/** Echoes, and does what a word in the bytes asks for. */
const obedient: Chart = (record) =>
  protocolOf(record).createMachine({
    entry: say('hello\n'),
    on: {
      inbox: [
        { guard: has(words.finish), actions: ['hear', 'reply', 'finish'] },
        { guard: has(words.crash), actions: ['hear', 'reply', 'crash'] },
        { guard: has(words.shutdownServer), actions: ['hear', 'reply', 'shutdownServer'] },
        { guard: has(words.abort), actions: ['hear', 'reply', 'abort'] },
        { actions: ['hear', 'reply'] },
      ],
      'control.serverShutdown': { actions: ['hear', say('bye\n'), 'finish'] },
      'control.socketShutdown': { actions: ['hear', say('too late\n')] },
    },
  });

/** Works on each chunk for some time, and doesn't read meanwhile. */
const busy: Chart = (record) =>
  protocolOf(record).createMachine({
    initial: 'waiting',
    on: { 'control.socketShutdown': { actions: 'hear' } },
    states: {
      waiting: {
        on: {
          inbox: [
            { guard: has(words.crash), target: 'crashing', actions: 'hear' },
            { target: 'working', actions: ['hear', 'reply'] },
          ],
          'control.serverShutdown': { actions: ['hear', say('bye\n'), 'finish'] },
          'control.producerFinished': { actions: ['hear', say('over\n'), 'finish'] },
        },
      },
      working: { after: { 30: { target: 'waiting', actions: say('done\n') } } },
      crashing: { invoke: { src: 'idle' }, after: { 70: { actions: 'crash' } } },
    },
  });

/** Reads one chunk at a time, at longer and longer intervals. A word ends the handler. */
const ending: Chart = (record) =>
  protocolOf(record).createMachine({
    initial: 'reading',
    states: {
      reading: {
        on: {
          inbox: [
            { guard: has(words.finish), target: 'over', actions: ['hear', 'reply'] },
            { guard: has(words.crash), target: 'failing', actions: 'hear' },
            { guard: has(words.abort), target: 'resting', actions: 'hear' },
            { actions: 'hear' },
          ],
        },
      },
      resting: { after: { 400: 'reading' } },
      failing: { entry: 'noteCrash', invoke: [{ src: 'idle' }, { src: 'failing' }] },
      over: { type: 'final', entry: [say('over\n'), 'noteEnd'] },
    },
  });

/** Keeps silent until the peer has ended its side. */
const halfClosed: Chart = (record) =>
  protocolOf(record).createMachine({
    initial: 'listening',
    on: { 'control.socketShutdown': { actions: 'hear' } },
    states: {
      listening: {
        on: { inbox: { actions: 'hear' }, 'control.producerFinished': { target: 'answering', actions: 'hear' } },
      },
      answering: {
        entry: say('so much for that\n'),
        after: { 60: { actions: [say('and goodbye\n'), 'finish'] } },
      },
    },
  });

/** Never reads. */
const deaf: Chart = (record) =>
  protocolOf(record).createMachine({
    initial: 'talking',
    states: {
      talking: { entry: say('I do not listen\n'), after: { 500: 'over' } },
      over: { type: 'final', entry: [say('goodbye\n'), 'noteEnd'] },
    },
  });

/** Emits data that isn't bytes. */
const misspeaking: Chart = (record) =>
  protocolOf(record).createMachine({
    on: { inbox: { actions: ['hear', 'reply', 'misspeak', 'reply'] } },
  });

/** Crashes before it has done anything. */
const stillborn: Chart = (record) => protocolOf(record).createMachine({ entry: [say('never\n'), 'crash'] });

/** Crashes at its last event. */
const crashingLast: Chart = (record) =>
  protocolOf(record).createMachine({
    on: {
      inbox: [{ guard: has(words.finish), actions: ['hear', 'reply', 'finish'] }, { actions: ['hear', 'reply'] }],
      'control.socketShutdown': { actions: ['hear', 'crash'] },
    },
  });

export const charts = {
  ...{ echo, obedient, busy, ending, halfClosed, deaf, misspeaking, stillborn, crashingLast },
} satisfies Readonly<Record<string, Chart>>;

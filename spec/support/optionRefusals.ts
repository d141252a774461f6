import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import { Server } from 'node:net';
import { createActor } from 'xstate';
import {
  createServerCore,
  createSingleServer,
  InvalidOptionError,
  serverCore,
  ServerchartError,
  singleServer,
  type ServerCoreOptions,
} from '../../server/index';

/** Returns the error that making a server throws; undefined if it throws none. */
export function thrownBy(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Starts an actor that must fail, and returns its error. */
function endOf(logic: typeof serverCore | typeof singleServer, input: unknown): unknown {
  const actor = createActor(logic as typeof serverCore, { input: input as ServerCoreOptions });
  let end: unknown;
  actor.subscribe({ error: (error) => (end = error) });
  actor.start();
  expect(actor.getSnapshot().status).toBe('error');
  expect(actor.getSnapshot().error).toBe(end);
  return end;
}

/** A way to make a server: its name, and a function that returns the error for bad options. */
type WayToServer = [string, (options: unknown) => unknown];

/** The four ways to make a server. */
export const ways: WayToServer[] = [
  ['createServerCore', (options: unknown): unknown => thrownBy(() => createServerCore(options as never))],
  ['createSingleServer', (options: unknown): unknown => thrownBy(() => createSingleServer(options as never))],
  ['createActor(serverCore)', (options: unknown): unknown => endOf(serverCore, options)],
  ['createActor(singleServer)', (options: unknown): unknown => endOf(singleServer, options)],
];

/** Whether a way makes a ServerCore. */
export const isCoreWay = (name: string): boolean => name.includes('erverCore');

/** Makes each spec fail in which a server listens. */
export function expectNothingOpened(): void {
  const listen = jest.spyOn(Server.prototype, 'listen');

  beforeEach(() => {
    listen.mockClear();
  });

  afterEach(() => {
    if (listen.mock.calls.length > 0) throw new Error('Something was opened');
  });
}

/** Expects an InvalidOptionError that names the option, its value and what is allowed. */
export function expectRefusal(end: unknown, option: string, value: unknown, allowed: string): void {
  const error = end as InvalidOptionError;
  expect(error).toBeInstanceOf(InvalidOptionError);
  expect(error).toBeInstanceOf(ServerchartError);
  expect([error.name, error.code, error.option]).toEqual(['InvalidOptionError', 'ERR_INVALID_OPTION', option]);
  expect(Object.is(error.value, value)).toBe(true);
  expect(error.allowed).toBe(allowed);
  expect(error.message.startsWith(`Option '${option}' is `)).toBe(true);
  expect(error.message.endsWith(`, but must be ${allowed}`)).toBe(true);
}

/** A revoked proxy: reading any property of it throws. */
export function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** An object with one property, which throws when it is read. */
export const unreadable = (name: string): object =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get: () => {
      throw new Error('under test');
    },
  });

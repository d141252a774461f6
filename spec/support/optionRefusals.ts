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

/** What is thrown by a server's making, if anything is. */
export function thrownBy(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What an actor ends in when it is started. */
function endOf(logic: typeof serverCore | typeof singleServer, input: unknown): unknown {
  const actor = createActor(logic as typeof serverCore, { input: input as ServerCoreOptions });
  let end: unknown;
  actor.subscribe({ error: (error) => (end = error) });
  actor.start();
  expect(actor.getSnapshot().status).toBe('error');
  expect(actor.getSnapshot().error).toBe(end);
  return end;
}

/** A way to a server: its name, and how to have what bad options end in. */
type Way = [string, (options: unknown) => unknown];

/** The four ways. */
export const ways: Way[] = [
  ['createServerCore', (options: unknown): unknown => thrownBy(() => createServerCore(options as never))],
  ['createSingleServer', (options: unknown): unknown => thrownBy(() => createSingleServer(options as never))],
  ['createActor(serverCore)', (options: unknown): unknown => endOf(serverCore, options)],
  ['createActor(singleServer)', (options: unknown): unknown => endOf(singleServer, options)],
];

/** Whether a way leads to a ServerCore. */
export const isCoreWay = (name: string): boolean => name.includes('erverCore');

/** Has each spec fail in which a server listens. */
export function expectNothingOpened(): void {
  const listen = jest.spyOn(Server.prototype, 'listen');

  beforeEach(() => {
    listen.mockClear();
  });

  afterEach(() => {
    if (listen.mock.calls.length > 0) throw new Error('Something was opened');
  });
}

/** Expects what bad options have ended in to be the error that names the option, its value and what is allowed. */
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

/** What can't even be looked at. */
export function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Whose property throws when it is read. */
export const unreadable = (name: string): object =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get: () => {
      throw new Error('under test');
    },
  });

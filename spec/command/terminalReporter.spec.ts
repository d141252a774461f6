import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createActor, fromCallback } from 'xstate';
import { ListenError, type ServerEmitted } from '../../server/index';
import { terminalReporter } from '../../server/command/terminalReporter';
import type { StartedServer, Reporter } from '../../server/command/reporter';
import { atEnd } from '../support/fixtures';

describe('The terminal', () => {
  const lines: string[] = [];

  beforeEach(() => {
    lines.length = 0;
    for (const level of ['log', 'error'] as const) {
      jest.spyOn(console, level).mockImplementation((...said: unknown[]) => {
        lines.push(`${level === 'error' ? '! ' : ''}${said.map(String).join(' ')}`);
      });
    }
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** A reporter of a server that emits what the spec asks for. */
  const reported = (): { reporter: Reporter; emit: (event: ServerEmitted) => void } => {
    const server = createActor(
      fromCallback<ServerEmitted, undefined, ServerEmitted>(({ receive, emit }) => {
        receive(emit);
      }),
    );
    atEnd(() => server.stop());
    const reporter = terminalReporter(server.start());
    return {
      reporter,
      emit: (event) => {
        server.send(event);
      },
    };
  };

  const address = { address: '127.0.0.1', port: 1601 };
  const cause = Object.assign(new Error('accept EBADF'), { code: 'EBADF' });
  const opening = { id: 'connection:1', peer: '192.0.2.1', peerport: 5 } as never as Extract<
    ServerEmitted,
    { type: 'connection.opening' }
  >;

  it.each<[ServerEmitted, string[]]>([
    [{ ...opening, type: 'connection.opening' }, ['connection:1 opening from 192.0.2.1 port 5']],
    [{ type: 'server.full', reason: 'maxConnections', connections: 1 }, ['Full: 1 connection.']],
    [
      { type: 'server.full', reason: 'descriptors', connections: 40, descriptors: { open: 60, limit: 64 } },
      ['Full: 60 of 64 file descriptors are open.'],
    ],
    [{ type: 'server.accepting', connections: 2 }, ['Accepts clients again: 2 connections.']],
    [
      { type: 'server.restarting', error: new ListenError('127.0.0.1', 1601, cause) },
      ["! Can't listen on 127.0.0.1 port 1601: accept EBADF; trying again."],
    ],
    [{ type: 'server.tlsReloaded' }, ['New clients get the new certificate.']],
    [
      { type: 'server.tlsReloadFailed', error: new Error('no start line') },
      ['! The old certificate stays: no start line'],
    ],
    [{ type: 'connection.rejected', reason: 'acceptFailed' }, ['a client turned away: acceptFailed']],
    [{ type: '_serversignal.serverShutdown' }, []],
  ])('says of %j: %j', (event, expected) => {
    reported().emit(event);
    expect(lines).toEqual(expected);
  });

  it('says that it listens once, and then each time that it does so again', () => {
    const { reporter, emit } = reported();
    emit({ type: 'server.listening', ...address });
    expect(lines).toEqual([]);
    reporter.started({ kind: 'ServerCore', name: 'echo', address, encrypted: false, urls: {} });
    emit({ type: 'server.listening', ...address });
    expect(lines[0]).toBe('ServerCore with echo listens on 127.0.0.1 port 1601.');
    expect(lines.at(-1)).toBe('Listens again on 127.0.0.1 port 1601.');
  });

  it.each<[Partial<StartedServer>, string]>([
    [{ encrypted: false }, 'nc 127.0.0.1 1601'],
    [{ encrypted: true }, 'openssl s_client -quiet -connect 127.0.0.1:1601'],
    [{ encrypted: true, address: { address: '::', port: 1601 } }, 'openssl s_client -quiet -connect [::1]:1601'],
  ])('advises for %j: %s', (given, expected) => {
    const { reporter } = reported();
    reporter.started({ kind: 'ServerCore', name: 'echo', address, encrypted: false, urls: {}, ...given });
    expect(lines).toContain(`Talk to it:  ${expected}`);
  });

  it('tells a certificate that could not be read', () => {
    reported().reporter.unreadable(new Error('ENOENT'));
    expect(lines).toEqual(['! The old certificate stays: ENOENT']);
  });
});

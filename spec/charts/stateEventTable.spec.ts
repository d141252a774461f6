import { describe, expect, it } from '@jest/globals';
import type { AnyStateMachine } from 'xstate';
import { connectionMachine } from '../../machines/connectionMachine';
import { serverCoreMachine, singleServerMachine } from '../../server/index';
import { memoryNetwork } from '../../server/testing/index';
import type { Coverage } from '../../server/testing/paths/coverage';
import type { RunOptions } from '../../server/testing/paths/modelPath';
import { portOf } from '../support/networks';
import { NetServers } from '../support/networkServers';
import { patienceOn, takenPort } from '../support/paths/paths';
import { connectionPaths } from '../support/paths/pathsConnection';
import { makeConnection } from '../support/paths/pathsConnectionDrive';
import { coreDrive, corePaths } from '../support/paths/pathsCore';
import { placesIn, typesIn, unknownIn, withNoise } from '../support/paths/pathsNoise';
import { singleDrive, singlePaths } from '../support/paths/pathsSingle';

/** The cells of states × events without a transition, in which no path has shown the event to be harmless. */
function unproven(machine: AnyStateMachine, coverage: Coverage): string[] {
  const seen = new Set(coverage.cells.map(({ state, event }) => `${state} × ${event}`));
  const cells = placesIn(machine).flatMap((place) =>
    unknownIn(place, typesIn(machine)).map((event) => `${place.path.join('.')} × ${event}`),
  );
  return cells.filter((cell) => !seen.has(cell));
}

const net = new NetServers(() => memoryNetwork());
const patience = (): RunOptions => patienceOn(net);

describe('a connection, to which everything comes that its state does not know', () => {
  const { paths, coverage } = connectionPaths();

  it.each(paths)('$title', async (path) => {
    const { actor, drive } = await makeConnection(net, path.input);
    const noisy = withNoise(actor, connectionMachine, drive);
    await expect(path.run(actor, noisy, patience())).resolves.toBeUndefined();
  });

  it('was found to ignore each of these events in each state', () => {
    expect(unproven(connectionMachine, coverage)).toEqual([]);
  });
});

describe('ServerCore, to which everything comes that its state does not know', () => {
  const { paths, coverage } = corePaths();

  it.each(paths)('$title', async (path) => {
    const port = path.input.port === takenPort ? portOf(await net.listen()) : 0;
    const server = net.makeCore({ ...path.input, port });
    const noisy = withNoise(server.actor, serverCoreMachine, coreDrive(net, server));
    await expect(path.run(server.actor, noisy, patience())).resolves.toBeUndefined();
  });

  it('was found to ignore each of these events in each state', () => {
    // in this state all clients go within the event that leads there, so no other event can come
    expect(unproven(serverCoreMachine, coverage)).toEqual([
      'draining.cutting × _listener.descriptorsShort',
      'draining.cutting × _listener.descriptorsSpare',
      'draining.cutting × _listener.listening',
      'draining.cutting × control.resume',
      'draining.cutting × control.serverShutdown',
      'draining.cutting × control.suspend',
    ]);
  });
});

describe('SingleServer, to which everything comes that its state does not know', () => {
  const { paths, coverage } = singlePaths();

  it.each(paths)('$title', async (path) => {
    const port = path.input?.port === takenPort ? portOf(await net.listen()) : 0;
    const server = net.makeSingle({ ...path.input, port });
    const noisy = withNoise(server.actor, singleServerMachine, singleDrive(net, server));
    await expect(path.run(server.actor, noisy, patience())).resolves.toBeUndefined();
  });

  it('was found to ignore each of these events in each state', () => {
    expect(unproven(singleServerMachine, coverage)).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { Net, walkedNetworks } from '../support/networks';
import { patienceOn } from '../support/paths/paths';
import { connectionPaths } from '../support/paths/pathsConnection';
import { makeConnection } from '../support/paths/pathsConnectionDrive';

describe.each(walkedNetworks)('a connection on %s', (_, make) => {
  const net = new Net(make);
  const { paths, coverage } = connectionPaths();

  it.each(paths)('$title', async (path) => {
    const { actor, drive } = await makeConnection(net, path.input);
    await expect(path.run(actor, drive, patienceOn(net))).resolves.toBeUndefined();
  });

  it('was seen in every state and every transition', () => {
    expect(coverage.missing).toEqual([]);
  });
});

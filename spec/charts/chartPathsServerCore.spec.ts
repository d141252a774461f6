import { describe, expect, it } from '@jest/globals';
import { walkedNetworks, portOf } from '../support/networks';
import { NetServers } from '../support/networkServers';
import { coreDrive, corePaths } from '../support/paths/pathsCore';
import { patienceOn, takenPort } from '../support/paths/paths';

describe.each(walkedNetworks)('ServerCore on %s', (_, make) => {
  const net = new NetServers(make);
  const { paths, coverage } = corePaths();

  it.each(paths)('$title', async (path) => {
    const port = path.input.port === takenPort ? portOf(await net.listen()) : 0;
    const server = net.makeCore({ ...path.input, port });
    await expect(path.run(server.actor, coreDrive(net, server), patienceOn(net))).resolves.toBeUndefined();
  });

  it('was seen in every state and every transition', () => {
    expect(coverage.missing).toEqual([]);
  });
});

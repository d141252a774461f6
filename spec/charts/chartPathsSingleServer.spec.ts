import { describe, expect, it } from '@jest/globals';
import { walkedNetworks, portOf } from '../support/networks';
import { NetServers } from '../support/networkServers';
import { patienceOn, takenPort } from '../support/paths/paths';
import { singleDrive, singlePaths } from '../support/paths/pathsSingle';

describe.each(walkedNetworks)('SingleServer on %s', (_, make) => {
  const net = new NetServers(make);
  const { paths, coverage } = singlePaths();

  it.each(paths)('$title', async (path) => {
    const port = path.input?.port === takenPort ? portOf(await net.listen()) : 0;
    const server = net.makeSingle({ ...path.input, port });
    await expect(path.run(server.actor, singleDrive(net, server), patienceOn(net))).resolves.toBeUndefined();
  });

  it('was seen in every state and every transition', () => {
    expect(coverage.missing).toEqual([]);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActor } from 'xstate';
import { createServerCore, echo, tcpClient, type ConnectionInfo } from '../../server/index';
import { emitted } from '../support/events';

describe('On a unix socket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'serverchart-'));

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('tcpClient tells no address but the path', async () => {
    const path = join(folder, 'echo.sock');
    await using server = createServerCore({ protocol: echo, path });
    await server.start();
    const client = createActor(tcpClient, { input: { path } });
    const opened = emitted<ConnectionInfo>(client, 'connection.opened');
    client.start();
    expect(await opened).toMatchObject({ peer: '', peerport: 0, localip: path, localport: 0 });
    client.stop();
  });
});

import { describe, expect, it } from '@jest/globals';
import { singleServer } from '../../../server/index';
import { scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { inbox } from '../../support/boxes';
import { deaf, waiting } from '../../support/fixtures';
import { expectQuiet } from '../../support/quiet';
import { assertNothingLeft } from '../../support/stopping';

describe("The root actor's stop() of a SingleServer", () => {
  // a stopped actor must not print a warning or an error
  expectQuiet();

  it('while it is idle, with bytes that wait', async () => {
    await using s = await scenario(singleServer);
    await inbox(s, 'hello');
    await assertNothingLeft(s);
  });

  it('while it is connected, with a client in the queue', async () => {
    await using s = await scenario(singleServer, { whenBusy: 'queue', protocol: waiting });
    const clients = await s.clients('client', 'queued');
    expect(s.clock.pending).toBe(1);
    await assertNothingLeft(s, ...clients);
  });

  it('while it refuses', async () => {
    await using s = await scenario(singleServer, { whenBusy: 'refuse' });
    const client = await s.client();
    expect(s.server).toBeInState({ connected: 'refusing' });
    await assertNothingLeft(s, client);
  });

  it('while it drains', async () => {
    await using s = await scenario(singleServer, { protocol: deaf });
    const client = await s.client();
    await s.shutsDown();
    expect(s.server).toBeInState('draining');
    await assertNothingLeft(s, client);
  });
});

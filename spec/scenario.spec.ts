import { describe, expect, it } from '@jest/globals';
import '../server/testing/matchers/jestGlobals';
import { serverCore } from '../server/index';
import { scenario } from '../server/testing/index';
import { chat } from '../examples/chat';

describe('scenario', () => {
  it('throws a slow reader out, the others stay', async () => {
    await using s = await scenario(serverCore, { protocol: chat(), writeTimeout: 5_000 });
    const [quick, slow] = await s.clients('quick', 'slow');
    await quick.sends('hello\n');
    await slow.receives('connection:1: hello\n');
    slow.stopsReading();
    await quick.sends('a line of sixteen\n'.repeat(60_000));
    await s.advance(5_000);
    await slow.isClosed('slowConsumer');
    expect(s.server).toBeInState({ listening: 'accepting' });
    expect(s).toHaveConnections(1);
  });
});

import { describe, expect, it } from '@jest/globals';
import { singleServer } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emittedOf, finish, inbox } from '../support/boxes';

describe('SingleServer with an end behind what waits', () => {
  it('emits _CSA_signal.producerFinished when it tells the client', async () => {
    await using s = await scenario(singleServer);
    await inbox(s, 'hi');
    await finish(s);
    expect(s).not.toHaveEmitted({ type: '_CSA_signal.producerFinished' });
    const client = await s.client();
    await client.receives('hi');
    await client.isClosed('handlerFinished');
    expect(emittedOf(s, '_CSA_signal.producerFinished')).toEqual([{ type: '_CSA_signal.producerFinished' }]);
  });
});

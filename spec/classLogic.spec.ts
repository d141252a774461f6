import { describe, expect, it } from '@jest/globals';
import type { AnyActorLogic, EventObject, Snapshot } from 'xstate';
import { createServerCore, graphline, pipeline } from '../server/index';
import { Client } from './support/client';

/** Actor logic as a class, whose methods need their `this`. */
class Counting implements Pick<AnyActorLogic, 'transition' | 'getInitialSnapshot' | 'getPersistedSnapshot' | 'start'> {
  readonly #greeting = 'counting\n';
  #count = 0;

  getInitialSnapshot(): Snapshot<undefined> {
    return { status: 'active', output: undefined, error: undefined };
  }

  start(_: unknown, { emit }: { emit: (event: object) => void }): void {
    emit({ type: 'outbox', data: this.#greeting });
  }

  transition(snapshot: unknown, event: EventObject, { emit }: { emit: (event: object) => void }): unknown {
    if (event.type !== 'inbox') return snapshot;
    this.#count += 1;
    emit({ type: 'outbox', data: `${String(this.#count)}\n` });
    return snapshot;
  }

  getPersistedSnapshot(): Snapshot<undefined> {
    return { ...this.getInitialSnapshot() };
  }
}

describe('Actor logic that is a class with private fields', () => {
  it.each([
    ['a protocol', () => new Counting() as unknown as AnyActorLogic],
    ['a component of a pipeline', () => pipeline(new Counting() as unknown as AnyActorLogic)],
  ])('serves as %s', async (_, make) => {
    await using server = createServerCore({ protocol: make, port: 0 });
    const client = await Client.connect((await server.start()).port);
    expect(await client.receiveText('counting\n')).toBe('counting\n');
    await client.send('x');
    expect(await client.receiveText(2)).toBe('1\n');
    await client.destroy();
  });
});

describe('graphline', () => {
  it('refuses to be empty: it would never end', () => {
    expect(() => graphline({ components: {}, linkages: [] })).toThrow('A graphline needs a component');
  });
});

import { describe, expect, it } from '@jest/globals';
import type { AnyActorLogic, EventObject, Snapshot } from 'xstate';
import { graphline, pipeline } from '../../server/index';
import { handler } from '../../server/testing/index';

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
    await using h = await handler(make);
    await h.outbox('counting\n');
    await h.inbox('x');
    await h.outbox('1\n');
    await h.inbox('x');
    expect((await h.outbox(2)).toString()).toBe('2\n');
  });
});

describe('graphline', () => {
  it('refuses to be empty: it would never end', () => {
    expect(() => graphline({ components: {}, linkages: [] })).toThrow('A graphline needs a component');
  });
});

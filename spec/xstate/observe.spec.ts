import { describe, expect, it } from '@jest/globals';
import { createActor, createMachine, type AnyActor } from 'xstate';
import { observe } from '../../actors/xstate/observe';
import { atEnd } from '../support/fixtures';

interface InspectedSystem {
  _sendInspectionEvent: unknown;
}

describe('observe', () => {
  const started = (): { actor: AnyActor; system: AnyActor['system'] & InspectedSystem } => {
    const actor = createActor(createMachine({ on: { go: {} } })).start();
    atEnd(() => actor.stop());
    return { actor, system: actor.system as AnyActor['system'] & InspectedSystem };
  };

  it('tells each observer of each event, and those of system.inspect too', () => {
    const { actor, system } = started();
    const heard: string[] = [];
    for (const name of ['a', 'b']) observe(system, ({ type }) => heard.push(`${name} ${type}`));
    system.inspect(({ type, rootId }) => heard.push(`${String(rootId === actor.sessionId)} ${type}`));
    actor.send({ type: 'go' });
    for (const name of ['a', 'b', 'true']) {
      expect(heard.filter((line) => line.startsWith(name))).toEqual(
        ['@xstate.event', '@xstate.microstep', '@xstate.snapshot'].map((type) => `${name} ${type}`),
      );
    }
  });

  it('leaves the system as it was, whoever goes first', () => {
    const { system } = started();
    const before = system._sendInspectionEvent;
    const [one, two] = [observe(system, () => undefined), observe(system, () => undefined)];
    one.unsubscribe();
    one.unsubscribe();
    expect(system._sendInspectionEvent).not.toBe(before);
    two.unsubscribe();
    expect(system._sendInspectionEvent).toBe(before);
  });

  it('does not pile up when observers overlap for ever', () => {
    const { actor, system } = started();
    let count = 0;
    let last = observe(system, () => (count += 1));
    for (let round = 0; round < 20_000; round += 1) {
      const next = observe(system, () => (count += 1));
      last.unsubscribe();
      last = next;
    }
    actor.send({ type: 'go' });
    expect(count).toBe(3);
  });

  it('stays in place, and silent, under what somebody else has put over it', () => {
    const { actor, system } = started();
    let count = 0;
    const one = observe(system, () => (count += 1));
    const ours = system._sendInspectionEvent as (event: object) => void;
    system._sendInspectionEvent = (event: object) => {
      ours(event);
    };
    one.unsubscribe();
    actor.send({ type: 'go' });
    expect(count).toBe(0);
    observe(system, () => (count += 1));
    actor.send({ type: 'go' });
    expect(count).toBe(3);
  });
});

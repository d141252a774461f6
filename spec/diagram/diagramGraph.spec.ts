import { describe, expect, it } from '@jest/globals';
import type { AnyStateMachine } from 'xstate';
import { echo } from '../../server/index';
import { connectionMachine } from '../../machines/connectionMachine';
import { chartGraph, type ChartState } from '../../server/diagram/chartGraph';
import { hostile, hostileNames, odd } from '../support/xstate/oddMachines';

function stateAt(machine: AnyStateMachine, id: string): ChartState {
  const find = (state: ChartState): ChartState[] => (state.id === id ? [state] : state.states.flatMap(find));
  const [found] = find(chartGraph(machine));
  if (found === undefined) throw new Error(`${machine.id} has no state ${id}`);
  return found;
}

/** A transition as text: `event [guard] anew / actions > targets`. Parts that it doesn't have are left out. */
const transitionsOf = (machine: AnyStateMachine, id: string): string[] =>
  stateAt(machine, id).transitions.map(({ event, guard, actions, targets, reenter }) =>
    [
      ...(event === '' ? [] : [event]),
      ...(guard === undefined ? [] : [`[${guard}]`]),
      ...(reenter ? ['anew'] : []),
      ...(actions.length === 0 ? [] : ['/', ...actions]),
      ...(targets.length === 0 ? [] : ['>', ...targets.map((target) => target || '(root)')]),
    ].join(' '),
  );

describe('A chart as data', () => {
  it('has the states in the order of the machine, with what they are', () => {
    const { name, id, states, initial } = chartGraph(connectionMachine);
    expect({ name, id, initial }).toEqual({ name: 'connection', id: '', initial: ['opening'] });
    expect(states.map((state) => [state.id, state.kind])).toEqual([
      ['opening', 'compound'],
      ['open', 'compound'],
      ['closing', 'compound'],
      ['closed', 'final'],
    ]);
    expect(stateAt(connectionMachine, 'open.congested')).toMatchObject({
      name: 'congested',
      entry: ['pauseReading'],
      description: expect.stringContaining('slower'),
    });
    expect(stateAt(connectionMachine, 'open').invokes).toEqual(['protocol: mkProtocolHandler']);
  });

  it('says events as a reader would, and leaves out the timers that XState adds', () => {
    expect(transitionsOf(connectionMachine, 'open.congested')).toEqual([
      '_socketFeedback.spaceInBox / tellSpaceInBox > open.flowing',
      '_socketFeedback.inboxEnded [allowsHalfOpen] / tellProducerFinished > open.peerEnded',
    ]);
    expect(transitionsOf(connectionMachine, 'closing.lingering')).toEqual([
      '_socketFeedback.failed > closed',
      'control.shutdownMicroprocess > closed',
      'after lingerTimeout > closed',
    ]);
    expect(transitionsOf(connectionMachine, 'open')).toContain('done protocol / writeOutput noteReason > closing');
    expect(transitionsOf(connectionMachine, 'closing')).toContain('error protocol');
  });

  it('knows a machine without states', () => {
    expect(chartGraph(echo)).toMatchObject({ name: 'echo', kind: 'atomic', states: [], initial: [] });
    expect(transitionsOf(echo, '')).toEqual(['inbox / reply']);
  });

  it('knows inline functions, delays in milliseconds, wildcards, and what ends a state', () => {
    expect(transitionsOf(odd, 'left.first')).toEqual([
      'again anew > left.first',
      'stay > left.first',
      '* / assign',
      'done > left.last',
      'error / inline',
      'after 50 ms > left.last',
      'after some.delay [not isReady] > left.last',
    ]);
    expect(transitionsOf(odd, 'left')).toEqual(['done > right']);
    expect(stateAt(odd, 'left.first').invokes).toEqual(['inline']);
    expect(stateAt(odd, 'left').tags).toEqual(['one', 'two']);
    expect(stateAt(odd, 'left.last')).toMatchObject({ entry: ['sayGoodbye'], exit: ['tidy', 'sweep'] });
  });

  it('knows guards of guards, targets by id, several targets, and history', () => {
    expect(transitionsOf(odd, 'right.inner')).toEqual([
      'out > (root)',
      'outer anew > right',
      'nothing',
      '[isReady and in {"left":"last"}] > right.deeper',
    ]);
    expect(transitionsOf(odd, 'right')).toEqual([
      'inwards > right.deeper.leaf',
      'both > left.last right.inner',
      'recall > right.recent',
    ]);
    expect(stateAt(odd, 'right.past')).toMatchObject({ kind: 'deepHistory', initial: ['right.deeper.leaf'] });
    expect(stateAt(odd, 'right.recent')).toMatchObject({ kind: 'history', initial: [] });
    expect(stateAt(odd, '')).toMatchObject({ kind: 'parallel', initial: [] });
  });

  it('takes any name', () => {
    const names = chartGraph(hostile).states.map(({ name }) => name);
    expect(names.toSorted()).toEqual(hostileNames.toSorted());
  });
});

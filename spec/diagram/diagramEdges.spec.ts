import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  createActor,
  fromCallback,
  type AnyMachineSnapshot,
  type AnyActor,
  type AnyEventObject,
  type AnyStateMachine,
} from 'xstate';
import { serverCoreMachine } from '../../machines/serverCoreMachine';
import { drawChart } from '../../server/diagram/drawChart';
import { edgeIdOf, stateIdOf, type AnyTransition } from '../../server/diagram/edgeId';
import { tell } from '../support/actors';
import { odd } from '../support/xstate/oddMachines';
import { echo } from '../../server/index';
import { parseXml, type XmlElement } from '../support/inspect/xml';

/** Collects the transitions that a root actor takes from now on, by their names in drawings. */
function taken(actor: AnyActor): string[] {
  const edges: string[] = [];
  actor.system.inspect((event) => {
    if (event.type !== '@xstate.microstep' || event.actorRef !== actor) return;
    edges.push(...event._transitions.map((transition) => edgeIdOf(transition as AnyTransition)));
  });
  return edges;
}

const nobody = fromCallback(() => undefined);

const cases: [string, AnyStateMachine, AnyEventObject[], string[]][] = [
  [
    'serverCore',
    serverCoreMachine.provide({ actors: { listener: nobody, connections: nobody } as never }),
    [
      { type: '_listener.listening', address: '127.0.0.1', port: 1 },
      { type: '_listener.listening', address: '127.0.0.1', port: 1 },
      { type: 'control.suspend' },
      { type: 'control.resume' },
      { type: 'control.serverShutdown' },
      { type: 'control.shutdownMicroprocess' },
      { type: '_listener.closed' },
    ],
    [
      'starting|_listener.listening|0',
      'listening|_listener.listening|0',
      'listening|control.suspend|0',
      'listening.suspended|control.resume|0',
      'listening.counting||2',
      'listening|control.serverShutdown|0',
      'draining|control.shutdownMicroprocess|0',
      'draining|_listener.closed|0',
      'draining||0',
    ],
  ],
  [
    'an odd machine',
    odd.provide({ guards: { isReady: () => false } } as never),
    [{ type: 'again' }, { type: 'unheard of' }, { type: 'inwards' }, { type: 'back' }, { type: 'both' }],
    [
      'left.first|again|0',
      'left.first|*|0',
      'left.first|*|0',
      'right|inwards|0',
      'left.first|*|0',
      'right.deeper.leaf|back|0',
      'left.first|*|0',
      'right|both|0',
      'left|xstate.done.state.odd.left|0',
    ],
  ],
];

describe.each(cases)('What %s does', (_, machine, events, expected) => {
  let elements: XmlElement[];

  beforeAll(async () => {
    elements = parseXml(await drawChart(machine));
  }, 60_000);

  it('is found in its drawing: the transitions, and the states', () => {
    const actor = createActor(machine, { input: { protocol: echo, port: 0 } });
    const edges = taken(actor);
    actor.start();
    for (const event of events) tell(actor, event);
    const { _nodes } = actor.getSnapshot() as AnyMachineSnapshot;
    actor.stop();
    expect(edges).toEqual(expected);
    const drawn = new Set(elements.map(({ attributes }) => attributes['data-edge']));
    for (const edge of edges) expect(drawn).toContain(edge);
    const states = new Set(elements.map(({ attributes }) => attributes['data-state']));
    for (const node of _nodes) expect(states).toContain(stateIdOf(node));
  });
});

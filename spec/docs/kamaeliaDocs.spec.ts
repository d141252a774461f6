import { describe, expect, it } from '@jest/globals';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import {
  resolveServerCoreOptions,
  resolveTcpClientOptions,
  serverCoreChecks,
  singleServerChecks,
} from '../../machines/options/resolveOptions';
import * as serverchart from '../../server/index';
import { allEvents, fieldsIn, unionIn } from '../support/sourceTypes';
import { readPage } from '../support/pages';

const { connectionMachine, echo, serverCoreMachine, singleServerMachine, tcpClientMachine } = serverchart;
const page = readPage('docs/kamaelia.md');

/** Names in the page that belong to XState, Node or others, or are plain words. */
const ofOthers = [
  ...['createActor', 'actor.on', 'invoke', 'spawnChild', 'after', 'input', 'fromCallback', 'self'],
  ...['server.start', 'serverCoreMachine.provide', '.unsubscribe', 'box.message', 'x.message', 'x', 'write'],
  // names of Kamaelia's, where the page speaks of Kamaelia
  ...['Chassis.ConnectedServer', 'Internet.SingleServer', 'ServerCore', 'SingleServer', 'shutdownMicroprocess', 'unlink'],
];

/** The code spans about this package: those in a table's first cells are left out, since they are about Kamaelia. */
function spansOf(text: string): string[] {
  let isAboutKamaelia = false;
  const ours = text.split('\n').map((line) => {
    if (/^\| (Kamaelia|Axon|there) \|/.test(line)) isAboutKamaelia = true;
    if (!line.startsWith('|')) isAboutKamaelia = false;
    return isAboutKamaelia ? line.split('|').slice(2).join('|') : line;
  });
  return [...ours.join('\n').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
}

/** The first name in a span: `control.configure` of `control.configure { options }`. */
const nameIn = (span: string): string => /^['"]?([\w.]+?)(?:\.…)?['"]?(?=$|[ ({[:])/.exec(span)?.[1] ?? span;

const statesIn = (node: AnyStateNode): AnyStateNode[] =>
  Object.values(node.states as Record<string, AnyStateNode>).flatMap((state) => [state, ...statesIn(state)]);

/** Whether the chart leaves a state at once, so that no event can come in the state. */
const isPassing = ({ always }: AnyStateNode): boolean => (always ?? []).some(({ guard }) => guard === undefined);

/** The names of the states in which an event can come. */
const statesOf = (machine: AnyStateMachine): string[] => [
  ...new Set(
    statesIn(machine.root as AnyStateNode)
      .filter((state) => !isPassing(state))
      .map(({ key }) => key),
  ),
];

const section = (heading: string): string => {
  const start = page.indexOf(`\n${heading}\n`);
  expect(start).toBeGreaterThan(0);
  return page.slice(start + 1, page.indexOf('\n## ', start + 1));
};

const machines = [serverCoreMachine, singleServerMachine, connectionMachine, tcpClientMachine] as AnyStateMachine[];
const partsOf = ({ implementations }: AnyStateMachine): string[] =>
  Object.values(implementations as unknown as Record<string, object>).flatMap((parts) => Object.keys(parts));

const infoFields = fieldsIn('vocabulary/connectionTypes.ts', 'ConnectionInfo');
const events = allEvents();

const known = new Set([
  ...events,
  ...events.map((type) => String(type.split('.')[0])),
  ...machines.flatMap(statesOf),
  ...machines.flatMap(partsOf),
  ...machines.flatMap(({ root: node }) => statesIn(node as AnyStateNode)).map(({ path }) => path.join('.')),
  ...Object.keys({ ...serverCoreChecks, ...singleServerChecks }),
  ...Object.keys({ ...resolveServerCoreOptions({ protocol: echo }), ...resolveTcpClientOptions({}) }),
  ...Object.keys(serverchart),
  // these are types, which no module object has
  ...['ConnectionInfo', 'CSA'],
  ...infoFields,
  ...unionIn('vocabulary/connectionTypes.ts', 'CloseReason'),
  ...unionIn('options/options.ts', 'WhenBusy'),
  ...['connections', 'listener', 'protocol'],
  ...ofOthers,
]);

const ours = spansOf(page).filter((span) => !span.includes('/'));
const named = new Set(ours.map(nameIn));

describe('docs/kamaelia.md', () => {
  it('names nothing that there is not', () => {
    expect(ours.length).toBeGreaterThan(150);
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
  });

  it('names every event of every box', () => {
    expect(events.length).toBeGreaterThan(70);
    expect(events.filter((type) => !named.has(type))).toEqual([]);
  });

  it.each([
    ['## ServerCore', serverCoreMachine],
    ['## SingleServer', singleServerMachine],
    ['## The CSA and the listener', connectionMachine],
    ['## The CSA and the listener', tcpClientMachine],
  ] as [string, AnyStateMachine][])('names under %s every state that lasts', (heading, machine) => {
    const names = new Set(spansOf(section(heading)).map(nameIn));
    expect(statesOf(machine).filter((state) => !names.has(state))).toEqual([]);
  });

  it('names every field of ConnectionInfo', () => {
    expect(infoFields).toHaveLength(11);
    const names = new Set(spansOf(section('## ServerCore')).map(nameIn));
    expect(infoFields.filter((field) => !names.has(field))).toEqual([]);
  });
});

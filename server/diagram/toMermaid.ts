import type { AnyStateMachine } from 'xstate';
import { chartGraph, type ChartTransition } from './chartGraph';
import { chartParts, isIn, type ChartParts } from './chartParts';
import { labelOf } from './rows';
import { oneLine } from './text';

/** Words, in small letters, that mermaid doesn't take for a state's name. */
const reserved: ReadonlySet<string> = new Set(
  'as class classdef click default direction end fork href join note scale state statediagram style subgraph'.split(
    ' ',
  ),
);

/** Writes all special characters as entities of mermaid: `#58;` is a colon, which would end a name or a label. */
const escape = (text: string): string =>
  text.replace(/[^\p{L}\p{N}_ .,*()[\]/→–…-]/gu, (character) => `#${String(character.codePointAt(0))};`);

/** An identifier for each state that mermaid accepts: where possible the state's path, `open_flowing`. */
function identifiers({ states }: ChartParts): readonly string[] {
  const taken = new Set<string>();
  return states.map(({ state }, number) => {
    const plain = state.id.slice(0, 80).replace(/[^A-Za-z0-9]+/g, '_');
    let id = /^[A-Za-z]/.test(plain) && !reserved.has(plain.toLowerCase()) ? plain : `state_${plain}`;
    while (taken.has(id)) id += `_${String(number)}`;
    taken.add(id);
    return id;
  });
}

const textOf = (transition: ChartTransition): string =>
  labelOf(transition)
    .map(({ text }) => text)
    .join(' ');

/** The number of the innermost state that both states are in. */
function commonParent(a: number, b: number, { states }: ChartParts): number {
  let state = states[a]?.parent ?? 0;
  while (!isIn(b, state, states)) state = states[state]?.parent ?? 0;
  return state;
}

/** A line of the diagram, and the number of the state in whose braces the line stands. */
type Line = readonly [scope: number, line: string];

function arrows(parts: ChartParts, ids: readonly string[]): Line[] {
  const { states, lines, initials } = parts;
  const between = lines.map(({ from, to, transitions }): Line => {
    const label = transitions
      .map(({ transition }) => escape(textOf(transition)))
      .filter((text) => text !== '')
      .join('<br/>');
    const arrow = `${String(ids[from])} --> ${String(ids[to])}`;
    return [commonParent(from, to, parts), label === '' ? arrow : `${arrow} : ${label}`];
  });
  const first = initials.map(({ from, to }): Line => {
    const isHistory = states[from]?.state.states.length === 0;
    return isHistory
      ? [commonParent(from, to, parts), `${String(ids[from])} --> ${String(ids[to])}`]
      : [from, `[*] --> ${String(ids[to])}`];
  });
  const last = states.flatMap(({ state, parent = 0 }, number): Line[] =>
    state.kind === 'final' ? [[parent, `${String(ids[number])} --> [*]`]] : [],
  );
  return [...first, ...between, ...last];
}

/** Notes at the targets of transitions to a state inside or around their own: mermaid can't draw these as arrows. */
function notes({ states }: ChartParts, ids: readonly string[]): Line[] {
  return states.flatMap(({ state, listed }) =>
    listed.flatMap((transition) =>
      transition.targets.flatMap((target): Line[] => {
        const to = states.findIndex(({ state: { id } }) => id === target);
        if (target === state.id || to < 1) return [];
        const text = `in ${oneLine(state.name)}, ${textOf(transition) || 'always'}`;
        return [[states[to]?.parent ?? 0, `note right of ${String(ids[to])} : ${escape(text)}`]];
      }),
    ),
  );
}

/**
 * Writes a machine as a state diagram for mermaid 11, which GitHub shows in Markdown: its states, and the transitions
 * between them with event and guard. A transition to a state inside or around its own is a note at its target. Actions,
 * descriptions, and transitions that stay where they are, are left out; `drawChart` has them.
 */
export function toMermaid(machine: AnyStateMachine): string {
  const parts = chartParts(chartGraph(machine));
  const { states } = parts;
  const ids = identifiers(parts);
  const linesInside = states.map((): string[] => []);
  for (const [scope, line] of [...arrows(parts, ids), ...notes(parts, ids)]) linesInside[scope]?.push(line);

  const written = (number: number, indent: string): string[] => {
    const inner = states.flatMap(({ parent }, child) => (parent === number ? [child] : []));
    const separator = states[number]?.state.kind === 'parallel' ? [`${indent}--`] : [];
    return [
      ...inner.flatMap((child, i) => [...(i > 0 ? separator : []), ...declared(child, indent)]),
      ...(linesInside[number] ?? []).map((line) => indent + line),
    ];
  };
  const declared = (number: number, indent: string): string[] => {
    const { name = '', states: inner = [] } = states[number]?.state ?? {};
    const id = String(ids[number]);
    const named = name === id ? id : `"${escape(oneLine(name))}" as ${id}`;
    // without `state`: mermaid expects braces after `state` and a bare word
    if (inner.length === 0) return [`${indent}${name === id ? '' : 'state '}${named}`];
    return [`${indent}state ${named} {`, ...written(number, `${indent}  `), `${indent}}`];
  };
  // a diagram can't have regions itself, and an empty diagram is an error: then the root is declared as a state
  const frame = states[0]?.state.kind === 'compound' ? written(0, '  ') : declared(0, '  ');
  // a machine without states shows its rows instead: what it does in its only state
  const alone = states.length > 1 ? [] : (states[0]?.rows.slice(1) ?? []);
  const described = alone.map(({ text }) => `  ${String(ids[0])} : ${escape(text)}`);
  return `stateDiagram-v2\n${[...frame, ...described].join('\n')}\n`;
}

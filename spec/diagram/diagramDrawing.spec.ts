import { beforeAll, describe, expect, it } from '@jest/globals';
import type { AnyStateMachine } from 'xstate';
import { connectionMachine } from '../../machines/connectionMachine';
import { serverCoreMachine } from '../../machines/serverCoreMachine';
import { singleServerMachine } from '../../machines/singleServerMachine';
import { tcpClientMachine } from '../../machines/tcpClientMachine';
import { chartGraph, type ChartState } from '../../server/diagram/chartGraph';
import { layOutChart, type Box, type ChartLayout } from '../../server/diagram/chartLayout';
import { chartStyle } from '../../server/diagram/chartStyle';
import { drawChart } from '../../server/diagram/drawChart';
import { padding } from '../../server/diagram/elkGraph';
import { widthOfRows, type Row } from '../../server/diagram/rows';
import { svgOf } from '../../server/diagram/svg';
import { lineHeight } from '../../server/diagram/text';
import { echo } from '../../server/index';
import { hostile, odd } from '../support/xstate/oddMachines';
import { parseXml, type XmlElement } from '../support/inspect/xml';

const withClass = (elements: readonly XmlElement[], name: string): XmlElement[] =>
  elements.filter(({ attributes }) => attributes['class']?.split(' ').includes(name));

const edgesOf = (state: ChartState): string[] => [
  ...state.transitions.map(({ id }) => id),
  ...state.states.flatMap(edgesOf),
];

const statesOf = (state: ChartState): string[] => [state.id, ...state.states.flatMap(statesOf)];

const sorted = (texts: Iterable<string | undefined>): string[] => [...new Set(texts)].map(String).toSorted();

const charts: [string, AnyStateMachine][] = [
  ['serverCore', serverCoreMachine],
  ['singleServer', singleServerMachine],
  ['connection', connectionMachine],
  ['tcpClient', tcpClientMachine],
  ['echo', echo],
  ['an odd machine', odd],
];

describe.each(charts)('The drawing of %s', (_, machine) => {
  const graph = chartGraph(machine);
  let layout: ChartLayout;
  let elements: XmlElement[];

  beforeAll(async () => {
    layout = await layOutChart(graph);
    elements = parseXml(svgOf(graph.name, layout, ''));
  }, 60_000);

  it('has every state and every transition', () => {
    expect(elements.flatMap(({ attributes }) => attributes['data-state'] ?? [])).toEqual(statesOf(graph));
    expect(sorted(elements.flatMap(({ attributes }) => attributes['data-edge'] ?? []))).toEqual(sorted(edgesOf(graph)));
  });

  it('has a line for each label, and lines that lead somewhere', () => {
    const lines = withClass(elements, 'line');
    for (const line of lines) expect(line.attributes['d']).toMatch(/^M\S.*L/);
    const labelled = withClass(elements, 'transition').map(({ attributes }) => attributes['data-line']);
    expect(sorted(labelled)).toEqual(sorted(lines.map(({ attributes }) => attributes['data-line'])));
  });

  it('lets no line go through a text, and no two texts meet', () => {
    const { states, lines, initials } = layout;
    const textBox = (rows: readonly Row[], x: number, y: number): Box[] =>
      rows.length === 0 ? [] : [{ x, y: y + 3, width: widthOfRows(rows), height: rows.length * lineHeight - 6 }];
    const texts = [
      ...states
        .filter(({ state }) => !state.kind.toLowerCase().endsWith('history'))
        .flatMap(({ rows, x, y }) => textBox(rows, x + padding, y + padding)),
      ...lines.flatMap(({ transitions, label }) =>
        textBox(
          transitions.flatMap((one) => one.label),
          label.x,
          label.y,
        ),
      ),
    ];
    const strokes = [...lines, ...initials].flatMap(({ points }) =>
      points.slice(1).map((to, i): Box => {
        const { x, y } = points[i] ?? to;
        // a rectangle without height is a line, and a line has a width too
        const [width, height] = [Math.abs(x - to.x) + 1, Math.abs(y - to.y) + 1];
        return { x: Math.min(x, to.x), y: Math.min(y, to.y), width, height };
      }),
    );
    const meet = (a: Box, b: Box): boolean =>
      a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
    expect(texts.filter((text) => strokes.some((stroke) => meet(text, stroke)))).toEqual([]);
    expect(texts.filter((text) => texts.some((other) => other !== text && meet(text, other)))).toEqual([]);
  });
});

describe('A drawing', () => {
  let drawing: string;
  let elements: XmlElement[];
  let oddElements: XmlElement[];

  beforeAll(async () => {
    drawing = await drawChart(connectionMachine);
    elements = parseXml(drawing);
    oddElements = parseXml(await drawChart(odd));
  }, 60_000);

  it('is the same each time', async () => {
    expect(await drawChart(connectionMachine)).toBe(drawing);
  });

  it('says what it is', () => {
    expect(elements[0]).toMatchObject({
      tag: 'svg',
      attributes: {
        class: 'chart',
        role: 'img',
        'aria-label': 'statechart connection',
        viewBox: expect.stringMatching(/^0 0 \d+ \d+$/),
      },
    });
  });

  it('tells descriptions and whole transitions in tooltips', () => {
    const titles = elements.filter(({ tag }) => tag === 'title').map(({ text }) => text);
    expect(titles).toContain('Bytes flow both ways.');
    expect(titles).toContain('_socketFeedback.inboxEnded [isFlushed] → closed / noteReason, tellSocketShutdown');
    expect(titles).toContain('after lingerTimeout → closed');
  });

  it('has no style and no script in it, for a strict page', () => {
    expect(drawing).not.toMatch(/<style|<script| style=| on\w+=|href/);
  });

  it('marks the kinds of states', () => {
    const ids = (kind: string): (string | undefined)[] =>
      withClass(oddElements, kind).map(({ attributes }) => attributes['data-state']);
    expect(ids('root')).toEqual(['']);
    expect(ids('parallel')).toEqual(['']);
    expect(ids('region')).toEqual(['left', 'right']);
    expect(ids('final')).toEqual(['left.last']);
    expect(ids('history')).toEqual(['right.past', 'right.recent']);
    expect(withClass(oddElements, 'dot')).toHaveLength(3);
  });

  it('is XML whatever the names are, and no name is more than text', async () => {
    const hostileElements = parseXml(await drawChart(hostile, { standalone: true }));
    expect(sorted(hostileElements.map(({ tag }) => tag))).toEqual([
      'circle',
      'g',
      'path',
      'rect',
      'style',
      'svg',
      'text',
      'title',
    ]);
    expect(hostileElements[0]?.attributes['aria-label']).toBe('statechart <script>alert(1)</script>');
    const states = hostileElements.flatMap(({ attributes }) => attributes['data-state'] ?? []);
    // what XML can't hold is replaced
    const expected = statesOf(chartGraph(hostile)).map((id) => id.replace(/(?![\n\t\r])\p{Cc}|\p{Cs}/gu, '\ufffd'));
    expect(states).toEqual(expected);
  });

  it('brings its colours, light and dark, when it is to stand alone', async () => {
    const svg = await drawChart(echo, { standalone: true });
    const [style] = parseXml(svg).filter(({ tag }) => tag === 'style');
    expect(style?.text).toContain(chartStyle);
    expect(style?.text).toContain('@media (prefers-color-scheme: dark)');
    // both themes have every colour that is used
    for (const [, name] of chartStyle.matchAll(/var\((--[\w-]+)\)/g)) {
      expect(style?.text.split(`${String(name)}:`)).toHaveLength(3);
    }
  });
});

import type { StateValue } from '../records';
import { play } from './dom';
import type { Place } from './panZoom';
import { stateIds } from './stateText';

/** A statechart's drawing. States are lit and transitions are marked in it; the drawing itself stays the same. */
export class Drawing {
  readonly svg: SVGSVGElement;
  readonly #states: ReadonlyMap<string, readonly Element[]>;
  readonly #edges: ReadonlyMap<string, readonly Element[]>;
  readonly #lines: ReadonlyMap<string, readonly Element[]>;
  #lit = new Set<Element>();
  #taken = new Set<Element>();

  /** @throws Error when the text is no SVG */
  constructor(text: string) {
    const { documentElement } = new DOMParser().parseFromString(text, 'image/svg+xml');
    const svg = document.importNode(documentElement, true);
    if (!(svg instanceof SVGSVGElement)) throw new Error('The drawing is no SVG.');
    this.svg = svg;
    this.#states = by(svg, '[data-state]', 'data-state');
    this.#edges = by(svg, '[data-edge]', 'data-edge');
    this.#lines = by(svg, 'path[data-line]', 'data-line');
  }

  /** The middle of the innermost lit state; of parallel regions, the middle in the last one. */
  get centre(): Place | undefined {
    const innermost = [...this.#lit].at(-1);
    if (!(innermost instanceof SVGGraphicsElement)) return undefined;
    const { x, y, width, height } = innermost.getBBox();
    return { x: x + width / 2, y: y + height / 2 };
  }

  /**
   * Shows an actor's state.
   * @param edges - the transitions that led there
   * @param isNew - whether the change has just happened, so that it is animated
   */
  show(value: StateValue | undefined, edges: readonly string[], isNew: boolean): void {
    const lit = new Set(stateIds(value).flatMap((id) => this.#states.get(id) ?? []));
    const labels = edges.flatMap((edge) => this.#edges.get(edge) ?? []);
    const lines = labels.flatMap((label) => this.#lines.get(label.getAttribute('data-line') ?? '') ?? []);
    const before = this.#lit;
    toggle('lit', before, lit);
    toggle('taken', this.#taken, new Set([...labels, ...lines]));
    this.#lit = lit;
    this.#taken = new Set([...labels, ...lines]);
    if (!isNew) return;
    for (const state of lit) if (!before.has(state)) play(state, 'light', [{ opacity: 0.35 }, { opacity: 1 }], 350);
    for (const line of lines) travel(line);
    for (const label of labels) play(label, 'tell', [{ opacity: 0.2 }, { opacity: 1 }], 350);
  }
}

/** Animates a transition from its source to its target. */
function travel(line: Element): void {
  if (!(line instanceof SVGPathElement)) return;
  const length = line.getTotalLength();
  const dash = `${String(length)} ${String(length)}`;
  const whole = { strokeDasharray: dash, strokeDashoffset: '0' };
  play(line, 'travel', [{ ...whole, strokeDashoffset: String(length) }, whole], 450);
}

function toggle(name: string, before: ReadonlySet<Element>, after: ReadonlySet<Element>): void {
  for (const element of before) if (!after.has(element)) element.classList.remove(name);
  for (const element of after) element.classList.add(name);
}

function by(svg: SVGSVGElement, selector: string, attribute: string): ReadonlyMap<string, readonly Element[]> {
  const found = new Map<string, Element[]>();
  for (const element of svg.querySelectorAll(selector)) {
    const name = element.getAttribute(attribute) ?? '';
    const others = found.get(name);
    if (others === undefined) found.set(name, [element]);
    else others.push(element);
  }
  return found;
}

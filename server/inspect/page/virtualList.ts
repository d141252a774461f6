import { h } from './dom';

/** How a {@link virtualList} makes its lines. */
interface ListOptions<Item> {
  /** The height of a line, in pixels. */
  readonly height: number;
  /** Pixels at the top that something else covers. */
  readonly top: number;
  /** The key of an item: a line stays with its key. */
  readonly keyOf: (item: Item) => string | number;
  readonly make: () => HTMLElement;
  /** @param isNew - whether the element stood for another item before, or for none */
  readonly fill: (element: HTMLElement, item: Item, isNew: boolean) => void;
}

interface VirtualList<Item> {
  /** The element that holds the lines. Other elements may be put beside them. */
  readonly content: HTMLElement;
  /** Makes room for so many lines, so that the list can be scrolled to them. */
  setLength(length: number): void;
  /** @returns the items in sight */
  draw(items: readonly Item[]): readonly Item[];
  /** Scrolls as little as it takes to show a line whole. */
  reveal(index: number): void;
}

/** Lines that are drawn on either side of those in sight, so that a scroll shows no empty place. */
const overscan = 6;

/**
 * Puts lines into the document in the order in which they are seen: screen readers read in that order. A line that is
 * in its place isn't moved, since it would lose the focus.
 */
function placing(content: HTMLElement, before: readonly HTMLElement[]): (element: HTMLElement) => void {
  const placed = new Set<HTMLElement>();
  let next = 0;
  let last: HTMLElement | undefined;
  return (element) => {
    let following = before[next];
    while (following !== undefined && placed.has(following)) following = before[(next += 1)];
    if (element !== following) {
      if (following !== undefined) following.before(element);
      else if (last !== undefined) last.after(element);
      else content.append(element);
    }
    placed.add(element);
    last = element;
  };
}

/** A list of any length. Only the lines in sight are in the document. */
export function virtualList<Item>(scroller: HTMLElement, lines: ListOptions<Item>): VirtualList<Item> {
  const { height, top, keyOf, make, fill } = lines;
  const content = h('div', { class: 'virtual', role: 'presentation' });
  scroller.append(content);
  let inUse = new Map<string | number, HTMLElement>();
  const spare: HTMLElement[] = [];
  let length = -1;

  const setLength = (next: number): void => {
    if (next !== length) content.style.height = `${String(next * height)}px`;
    length = next;
  };

  return {
    content,
    setLength,
    draw(items) {
      setLength(items.length);
      const first = Math.max(0, Math.floor(scroller.scrollTop / height) - overscan);
      const inSight = items.slice(first, first + Math.ceil(scroller.clientHeight / height) + 2 * overscan);
      const keys = new Set(inSight.map(keyOf));
      for (const [key, element] of inUse) {
        if (keys.has(key)) continue;
        inUse.delete(key);
        element.remove();
        spare.push(element);
      }
      const place = placing(content, [...inUse.values()]);
      const next = new Map<string | number, HTMLElement>();
      inSight.forEach((item, index) => {
        const key = keyOf(item);
        const known = inUse.get(key);
        const element = known ?? spare.pop() ?? make();
        place(element);
        const y = `translateY(${String((first + index) * height)}px)`;
        if (element.style.transform !== y) element.style.transform = y;
        fill(element, item, known === undefined);
        next.set(key, element);
      });
      inUse = next;
      return inSight;
    },
    reveal(index) {
      const y = index * height;
      const room = scroller.clientHeight - top - height;
      if (scroller.scrollTop > y) scroller.scrollTop = y;
      else if (scroller.scrollTop < y - room) scroller.scrollTop = y - room;
    },
  };
}

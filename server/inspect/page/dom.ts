/** Makes an element with attributes and content. Text is never read as HTML. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...inside: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

/** The element of the page with this id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}.`);
  return element;
}

/** Sets a text only when it is another one: setting the same would undo the reader's selection. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** The beginning of a text, with `…` when there is more. */
export const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length)}…` : text;

/**
 * A text for a line: cut, and with a mark in place of each control character. Names come from peers, and a control
 * character can turn text around: a reader would see `exe.png` for `gnp.exe`.
 */
export const clip = (text: string, length = 200): string =>
  cut(text, length).replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');

/** An actor's name for a reader, with a text in place of an empty one. */
export const shownName = (name: string): string => (name.trim() === '' ? '(no name)' : clip(name));

const stillness = matchMedia('(prefers-reduced-motion: reduce)');

/** Plays an animation once, unless the reader wants no animations, or this one is playing already. */
export function play(element: Element, name: string, keyframes: Keyframe[], duration: number): void {
  if (stillness.matches || element.getAnimations().some(({ id }) => id === name)) return;
  element.animate(keyframes, { id: name, duration, easing: 'ease-out' });
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** `12:04:31.208` */
export const timeOfDay = (at: number): string =>
  `${clock.format(at)}.${String(Math.floor(at) % 1_000).padStart(3, '0')}`;

/** `10,312` */
export const count = (n: number): string => n.toLocaleString('en');

/** An element with its attributes and what is inside. Text stays text, whatever is in it. */
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

/** Changes a text only where it is another: what somebody has selected with the mouse stays so. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A text cut to a length that a line can bear. */
export const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length)}…` : text;

/**
 * A text for a line: cut, and with its control characters to be seen. Names come from peers, who must not have `exe.png`
 * read where `gnp.exe` is written.
 */
export const clip = (text: string, length = 200): string =>
  cut(text, length).replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');

/** An actor's name for a reader, who should see that it has one. */
export const shownName = (name: string): string => (name.trim() === '' ? '(no name)' : clip(name));

const stillness = matchMedia('(prefers-reduced-motion: reduce)');

/** Plays an animation once, unless the reader wants none, or it is playing already. */
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

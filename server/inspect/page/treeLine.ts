import { live, liveChildren, momentAt, statusAt } from './actor';
import { clip, count, h, setText, shownName } from './dom';
import { crowd, type Row } from './rows';
import { stateText } from './stateText';
import type { View } from './view';

/** The id of an actor's line in the document. */
export const lineId = (id: number): string => `actor-${String(id)}`;

/** An empty line of the tree. */
export function makeLine(): HTMLElement {
  return h(
    'div',
    { class: 'row', role: 'treeitem' },
    h('span', { class: 'twist', 'aria-hidden': 'true' }),
    h('span', { class: 'lamp', role: 'img' }),
    h('bdi', { class: 'name' }),
    h('span', { class: 'count' }),
    h('span', { class: 'state' }),
    h('button', {
      class: 'pick',
      type: 'button',
      tabindex: '-1',
      'aria-label': 'Lifeline',
      title: 'Lifeline in the sequence (p)',
    }),
  );
}

/** Fills a line with what its actor is at the view's position. */
export function fillLine(line: HTMLElement, { actor, depth, isExpanded }: Row, view: View, isCursor: boolean): void {
  const { position, selected, picked } = view;
  const [, lamp, name, children, state] = line.children as unknown as HTMLElement[] as [
    ...[HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement],
  ];
  const status = statusAt(actor, position);
  const isSelected = selected === actor.id;
  line.id = lineId(actor.id);
  line.dataset['actor'] = actor.name;
  line.dataset['id'] = String(actor.id);
  line.dataset['status'] = status;
  line.style.setProperty('--depth', String(Math.min(depth, 24)));
  line.setAttribute('aria-level', String(depth + 1));
  line.setAttribute('aria-selected', String(isSelected));
  if (isExpanded === undefined) line.removeAttribute('aria-expanded');
  else line.setAttribute('aria-expanded', String(isExpanded));
  line.classList.toggle('cursor', isCursor);
  line.classList.toggle('picked', picked.has(actor.id));
  line.classList.toggle('ended', actor.died !== undefined && actor.died <= position);
  lamp.setAttribute('aria-label', status);
  lamp.title = actor.error === undefined ? status : clip(`${status}: ${actor.error}`);
  setText(name, shownName(actor.name));
  name.title = clip(actor.name, 1_000);
  const text = stateText(momentAt(actor, position)?.value);
  setText(state, clip(text));
  state.title = clip(text, 1_000);
  const living = liveChildren(actor, position);
  const isCrowd = living > crowd || actor.ended > crowd;
  const ended = position === live && isCrowd ? ` · ${count(actor.ended)} ended` : '';
  const showsCount = isCrowd || living > 1 || isExpanded === false;
  setText(children, showsCount ? `${count(living)}${isCrowd ? ' live' : ''}${ended}` : '');
  children.title = `${count(living)} live children; ${count(actor.ended)} have ended since this page looks`;
}

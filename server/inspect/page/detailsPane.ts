import type { Shown } from '../records';
import { statusAt, type Actor } from './actor';
import type { App, Pane } from './app';
import { byId, clip, count, h, shownName, timeOfDay } from './dom';
import { kinds } from './kinds';
import { shownTree } from './shownTree';
import type { LogEntry } from './world';

/** Shows what else is known of the selected actor: facts, the record at a paused position, and the context. */
export function detailsPane(app: App): Pane {
  const { view } = app;
  const facts = h('div');
  const counts = h('div', { class: 'counts' });
  const record = h('section', { class: 'record' });
  const context = h('section', { class: 'context' });
  byId('details').append(h('section', {}, facts, counts), record, context);
  // whether each branch is open, kept from one context to the next
  const open = new Map<string, boolean>();
  const openPayload = new Map<string, boolean>();

  // parts with links are made anew only when they change: a click must not lose its target
  const drawFacts = whenChanged<string>(() => {
    facts.replaceChildren(...(view.selectedActor === undefined ? [] : factsOf(view.selectedActor)));
  });
  const drawRecord = whenChanged<LogEntry | undefined>((entry) => {
    record.hidden = entry === undefined;
    record.replaceChildren(...(entry === undefined ? [] : recordOf(entry)));
  });
  const drawContext = whenChanged<Shown | string | undefined>(() => {
    context.replaceChildren(h('h3', {}, 'Context'), contextOf());
  });

  return {
    draw() {
      const { selectedActor: actor, moment, isPaused, shown, position } = view;
      drawFacts(actor === undefined ? '' : `${actor.session} ${String(actor.id)} ${statusAt(actor, position)}`);
      counts.replaceChildren(...(actor === undefined || isPaused ? [] : [countsOf(actor)]));
      drawRecord(isPaused ? shown.log[position - shown.first] : undefined);
      drawContext(app.tellsContext === true ? (moment?.context ?? 'none') : String(app.tellsContext));
    },
  };

  function factsOf(actor: Actor): HTMLElement[] {
    const { name, kind, session, id, parent, bornAt, livedEarlier, error } = actor;
    const status = statusAt(actor, view.position);
    const entries: [string, Node | string][] = [
      ['runs', kinds[kind]],
      ['parent', parent === undefined ? 'none' : actorLink(parent)],
      ['born', `${livedEarlier ? 'before ' : ''}${timeOfDay(bornAt)}`],
      ['session', clip(session, 60)],
      ['id', String(id)],
    ];
    if (error !== undefined && status === 'error') entries.push(['error', clip(error, 500)]);
    const lamp = h('span', { class: 'lamp', 'data-status': status });
    return [
      h('p', { class: 'who' }, lamp, h('bdi', {}, shownName(name)), h('span', { class: 'faint' }, status)),
      list(entries),
    ];
  }

  /** The counts are known for now, not for earlier positions. */
  function countsOf({ live, ended, events, lastEvent = '–' }: Actor): HTMLElement {
    return list([
      ['children', `${count(live)} live, ${count(ended)} ended`],
      ['events', count(events)],
      ['last event', clip(lastEvent, 80)],
    ]);
  }

  function recordOf(entry: LogEntry): HTMLElement[] {
    const entries: [string, Node | string][] = [];
    if ('at' in entry) entries.push(['at', timeOfDay(entry.at)]);
    switch (entry.type) {
      case 'event':
        entries.push(['event', clip(entry.event.type)], ['from', linkTo(entry.source)], ['to', linkTo(entry.target)]);
        break;
      case 'emitted':
        entries.push(['emitted', clip(entry.event.type)], ['by', linkTo(entry.source)]);
        break;
      case 'snapshot':
        entries.push(['state of', linkTo(entry.id)], ['after', clip(entry.event)]);
        if (entry.skipped !== undefined) entries.push(['left out', `${count(entry.skipped)} states before it`]);
        break;
      case 'born':
        entries.push(['born', linkTo(entry.id)]);
        break;
      case 'died':
        entries.push(['ended', linkTo(entry.id)], ['status', entry.status]);
        break;
      case 'dropped':
        entries.push(['not shown', `${count(entry.events)} events`]);
    }
    const payload = 'event' in entry && typeof entry.event === 'object' ? entry.event.payload : undefined;
    const parts = [h('h3', {}, 'At this record'), list(entries)];
    return payload === undefined ? parts : [...parts, h('div', { class: 'shown' }, shownTree(payload, openPayload))];
  }

  function contextOf(): HTMLElement {
    const { selectedActor, moment } = view;
    if (app.tellsContext === false) {
      const command = h('code', {}, '--inspect-data');
      const program = h('code', {}, 'new Hub({ context: true })');
      return h('p', { class: 'faint' }, 'Contexts are not shown. To see them: ', command, ', or ', program, '.');
    }
    if (moment?.context === undefined) {
      return h('p', { class: 'faint' }, selectedActor === undefined ? '–' : 'It has none that is known.');
    }
    return h('div', { class: 'shown' }, shownTree(moment.context, open));
  }

  function linkTo(id: number | undefined): Node | string {
    if (id === undefined) return 'outside';
    const actor = view.shown.actors.get(id);
    return actor === undefined ? `#${String(id)}` : actorLink(actor);
  }

  function actorLink({ id, name }: Actor): HTMLElement {
    const link = h('button', { type: 'button', class: 'link' }, shownName(name));
    link.addEventListener('click', () => {
      view.select(id);
      app.changed();
    });
    return link;
  }
}

function list(entries: readonly (readonly [string, Node | string])[]): HTMLElement {
  return h('dl', {}, ...entries.flatMap(([term, value]) => [h('dt', {}, term), h('dd', {}, value)]));
}

/** Makes a function that draws only when its value is another than the last one. */
function whenChanged<T>(draw: (value: T) => void): (value: T) => void {
  let last: { readonly value: T } | undefined;
  return (value) => {
    if (last !== undefined && last.value === value) return;
    last = { value };
    draw(value);
  };
}

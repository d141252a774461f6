import type { ChartMessage } from '../messages';
import type { DefinitionRecord } from '../records';
import type { Moment } from './actor';
import type { App, Pane } from './app';
import { byId, clip, h, setText, shownName } from './dom';
import { Drawing } from './drawing';
import { panZoom, type PanZoom } from './panZoom';
import { kinds } from './kinds';
import { stateText } from './stateText';

export interface ChartPane extends Pane, Pick<PanZoom, 'fit' | 'zoom' | 'pan'> {
  /** Takes the server's answer. */
  receive(chart: ChartMessage): void;
}

/** Shows the statechart of the selected actor. The page asks the server once for each chart. */
export function chartPane(app: App): ChartPane {
  const { view } = app;
  const room = byId('chart');
  const frame = panZoom(room);
  const note = byId('chart-note');
  const title = byId('chart-title');
  /** The drawings by definition, a text that says why there is none, or undefined while the answer is awaited. */
  const drawings = new WeakMap<DefinitionRecord, Drawing | string | undefined>();
  /** What was drawn last. */
  let seen: { drawing?: Drawing | undefined; actor?: number | undefined; moment?: Moment | undefined } = {};

  byId('fit').addEventListener('click', () => {
    frame.fit();
  });

  return {
    ...frame,
    receive({ definition: id, svg, error }) {
      const definition = view.world.definitions.get(id);
      if (definition === undefined) return;
      drawings.set(definition, svg === undefined ? (error ?? 'There is no drawing.') : parse(svg));
      app.changed();
    },
    draw() {
      const { selectedActor: actor, moment } = view;
      const definition = actor?.definition === undefined ? undefined : view.shown.definitions.get(actor.definition);
      if (definition !== undefined && !drawings.has(definition)) ask(definition);
      const drawing = definition === undefined ? undefined : drawings.get(definition);
      setText(title, definition === undefined ? 'Statechart' : shownName(definition.name));
      setText(byId('chart-state'), clip(stateText(moment?.value)));
      setText(byId('chart-event'), moment?.event === undefined ? '' : `after ${clip(moment.event, 80)}`);
      room.classList.toggle('ended', moment !== undefined && moment.status !== 'active');
      if (drawing instanceof Drawing) show(drawing, actor?.id, moment);
      else explain(drawing);
    },
  };

  function ask(definition: DefinitionRecord): void {
    // a paused view may show definitions of an earlier connection, which this server doesn't know
    if (view.world.definitions.get(definition.id) !== definition) return;
    drawings.set(definition, undefined);
    app.wantChart(definition.id);
  }

  function show(drawing: Drawing, actor: number | undefined, moment: Moment | undefined): void {
    note.hidden = true;
    if (drawing !== seen.drawing) frame.show(drawing.svg);
    const isNew = drawing === seen.drawing && actor === seen.actor;
    if (!isNew || moment !== seen.moment) {
      drawing.show(moment?.value, moment?.edges ?? [], isNew);
      frame.follow(drawing.centre);
    }
    seen = { drawing, actor, moment };
  }

  /** Says why there is nothing to draw. */
  function explain(why: string | undefined): void {
    if (seen.drawing !== undefined) frame.show(undefined);
    seen = {};
    note.hidden = false;
    note.replaceChildren(...explanation(why));
  }

  function explanation(why: string | undefined): HTMLElement[] {
    const { selectedActor: actor, moment } = view;
    if (actor === undefined) return [h('p', {}, view.selected === undefined ? 'Select an actor.' : 'It has ended.')];
    if (why !== undefined) {
      const state = stateText(moment?.value);
      return [h('p', { class: 'lit-text big' }, clip(state)), h('p', {}, `No drawing: ${clip(why, 500)}`)];
    }
    if (actor.definition !== undefined) return [h('p', {}, 'Drawing…')];
    const status = actor.died === undefined ? '' : ', which has ended';
    return actor.kind === 'machine'
      ? [h('p', {}, actor.died === undefined ? 'Asking for its state…' : 'It ended before anybody watched it.')]
      : [
          h('p', { class: 'big' }, shownName(actor.name)),
          h('p', {}, `${kinds[actor.kind]}${status}. It has no chart.`),
        ];
  }
}

function parse(svg: string): Drawing | string {
  try {
    return new Drawing(svg);
  } catch (error) {
    return String(error);
  }
}

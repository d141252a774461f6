import type { DefinitionId } from '../wire';
import type { View } from './view';

/** What the parts of the page share. */
export interface App {
  readonly view: View;
  /** Whether the server tells contexts; undefined before it has said so. */
  readonly tellsContext: boolean | undefined;
  /** Has all parts drawn anew, with the next frame. */
  changed(): void;
  /** Asks the server for a drawing. */
  wantChart(definition: DefinitionId): void;
}

/** A part of the page. */
export interface Pane {
  /** Draws what has changed; called once in a frame at most. */
  draw(): void;
}

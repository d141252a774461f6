import type { DefinitionId } from '../records';
import type { View } from './view';

/** What the parts of the page share. */
export interface App {
  readonly view: View;
  /** Whether the records have contexts; undefined until the server has said so. */
  readonly tellsContext: boolean | undefined;
  /** Draws all panes in the next frame. */
  changed(): void;
  /** Asks the server for a machine's drawing. */
  wantChart(definition: DefinitionId): void;
}

/** A part of the page. */
export interface Pane {
  /** Draws the changes; called once in a frame at most. */
  draw(): void;
}

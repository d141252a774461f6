import type { AnyStateMachine } from 'xstate';
import type { Hub } from '../hub/hub';
import type { ChartMessage } from '../messages';
import type { DefinitionId } from '../records';

/** The drawings of a hub's machines. Each is made once, when the first page asks. */
export class Charts {
  readonly #hub: Hub;
  readonly #draw: (machine: AnyStateMachine) => Promise<string>;
  /** A drawing is kept for as long as its machine. */
  readonly #drawings = new WeakMap<AnyStateMachine, Promise<string>>();

  constructor(hub: Hub, draw: (machine: AnyStateMachine) => Promise<string>) {
    this.#hub = hub;
    this.#draw = draw;
  }

  /** The answer to a page: the drawing, or the reason why there is none. Never rejects. */
  async answer(definition: DefinitionId): Promise<ChartMessage> {
    const machine = this.#hub.machineOf(definition);
    if (machine === undefined) return { type: 'chart', definition, error: 'There is no such machine.' };
    try {
      return { type: 'chart', definition, svg: await this.#drawingOf(machine) };
    } catch (error) {
      return { type: 'chart', definition, error: error instanceof Error ? error.message : String(error) };
    }
  }

  #drawingOf(machine: AnyStateMachine): Promise<string> {
    const known = this.#drawings.get(machine);
    if (known !== undefined) return known;
    const drawing = this.#draw(machine);
    this.#drawings.set(machine, drawing);
    return drawing;
  }
}

import type { AnyStateMachine } from 'xstate';
import { definitionOf } from './definition';
import { clip } from './lens';
import type { Definition, DefinitionId } from '../wire';

/** What a factory that makes another chart for every connection could fill memory with. */
const most = 1_000;

/** The definitions of the machines that are watched: one for each chart, however often it was made. */
export class Definitions {
  #byConfig = new WeakMap<object, Definition>();
  readonly #byText = new Map<string, Definition>();
  readonly #byId = new Map<DefinitionId, AnyStateMachine>();
  #last = 0;

  /** Undefined when there are too many already. */
  of(machine: AnyStateMachine): Definition | undefined {
    const config = machine.config as object;
    const known = this.#byConfig.get(config);
    if (known !== undefined) return known;
    const text = definitionOf(machine);
    const record = this.#byText.get(text) ?? this.#add(machine, text);
    if (record !== undefined) this.#byConfig.set(config, record);
    return record;
  }

  machineOf(id: DefinitionId): AnyStateMachine | undefined {
    return this.#byId.get(id);
  }

  /** Lets go of all machines, and of what they hold: a factory's, of the connection that it was made for. */
  clear(): void {
    this.#byConfig = new WeakMap();
    this.#byText.clear();
    this.#byId.clear();
  }

  #add(machine: AnyStateMachine, config: string): Definition | undefined {
    if (this.#byId.size === most) return undefined;
    this.#last += 1;
    const record: Definition = { type: 'definition', id: this.#last, name: clip(machine.id), config };
    this.#byText.set(config, record);
    this.#byId.set(record.id, machine);
    return record;
  }
}

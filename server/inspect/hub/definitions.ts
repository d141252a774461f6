import type { AnyStateMachine } from 'xstate';
import { definitionOf } from './definition';
import { clip } from './lens';
import type { DefinitionRecord, DefinitionId } from '../records';

/**
 * How many definitions are kept. A factory that makes another chart for each connection could fill memory with them.
 */
const most = 1_000;

/** The definitions of the machines that are watched: one for each chart, however often that chart was made. */
export class Definitions {
  #byConfig = new WeakMap<object, DefinitionRecord>();
  readonly #byText = new Map<string, DefinitionRecord>();
  readonly #byId = new Map<DefinitionId, AnyStateMachine>();
  #last = 0;

  /** A machine's definition; undefined when there are 1,000 others already. */
  of(machine: AnyStateMachine): DefinitionRecord | undefined {
    const config = machine.config as object;
    const known = this.#byConfig.get(config);
    if (known !== undefined) return known;
    const text = definitionOf(machine);
    const record = this.#byText.get(text) ?? this.#add(machine, text);
    if (record !== undefined) this.#byConfig.set(config, record);
    return record;
  }

  /** A machine that has this definition. */
  machineOf(id: DefinitionId): AnyStateMachine | undefined {
    return this.#byId.get(id);
  }

  /** Lets go of all machines. A factory's machine may hold the connection that the machine was made for. */
  clear(): void {
    this.#byConfig = new WeakMap();
    this.#byText.clear();
    this.#byId.clear();
  }

  #add(machine: AnyStateMachine, config: string): DefinitionRecord | undefined {
    if (this.#byId.size === most) return undefined;
    this.#last += 1;
    const record: DefinitionRecord = { type: 'definition', id: this.#last, name: clip(machine.id), config };
    this.#byText.set(config, record);
    this.#byId.set(record.id, machine);
    return record;
  }
}

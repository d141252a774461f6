import type { ActorId, BornRecord, InspectionRecord, Shown } from '../records';
import { oneLine, stateText } from './traceText';

/** Widths of the columns, in characters. A longer text pushes the rest of its line to the right. */
const actorWidth = 28;
const whatWidth = 30;

/** Turns records into lines of text, one line each, in columns. */
export class TraceLines {
  readonly #names = new Map<ActorId, string>();
  readonly #values = new Map<ActorId, string>();

  /** A record's line; undefined for a record that tells a reader nothing. */
  of(record: InspectionRecord): string | undefined {
    switch (record.type) {
      case 'born':
        return line(record.at, this.#name(record), 'is born');
      case 'watched': {
        const value = stateText(record.value);
        this.#values.set(record.id, value);
        return value === '' ? undefined : line(record.at, this.#nameOf(record.id), `is ${value}`);
      }
      case 'snapshot': {
        const before = this.#values.get(record.id) ?? '';
        const after = stateText(record.value);
        this.#values.set(record.id, after);
        if (before === after) return undefined;
        return line(record.at, this.#nameOf(record.id), `${before} → ${after}`, record.event);
      }
      case 'event': {
        const { type, payload } = record.event;
        const source = record.source === undefined ? 'outside' : this.#nameOf(record.source);
        return line(record.at, source, `→ ${this.#nameOf(record.target)}`, `${type}${payloadText(payload)}`);
      }
      case 'emitted':
        return line(
          record.at,
          this.#nameOf(record.source),
          'emits',
          `${record.event.type}${payloadText(record.event.payload)}`,
        );
      case 'died': {
        const name = this.#nameOf(record.id);
        this.#names.delete(record.id);
        this.#values.delete(record.id);
        return line(record.at, name, ends[record.status], record.error ?? '');
      }
      case 'dropped':
        return `${' '.repeat(14)}… ${String(record.events)} more, not shown`;
      case 'reset':
        this.#names.clear();
        this.#values.clear();
        return `${' '.repeat(14)}… too much for this stream; what lives now:`;
      case 'definition':
        return undefined;
    }
  }

  /** The name with the parent's: all handlers are called `protocol`, and only the parent tells them apart. */
  #name({ id, parent, name }: BornRecord): string {
    const above = parent === undefined ? undefined : this.#names.get(parent)?.split('/').at(-1);
    const full = oneLine(above === undefined ? name : `${above}/${name}`);
    this.#names.set(id, full);
    return full;
  }

  #nameOf(id: ActorId): string {
    return this.#names.get(id) ?? `#${String(id)}`;
  }
}

const ends = { done: 'is done', error: 'has failed', stopped: 'is stopped' } as const;

function line(at: number, actor: string, text: string, more = ''): string {
  const time = new Date(at).toISOString().slice(11, 23);
  return oneLine(`${time}  ${actor.padEnd(actorWidth)} ${text.padEnd(whatWidth)} ${more}`).trimEnd();
}

const payloadText = (payload: Shown | undefined): string =>
  payload === undefined ? '' : ` ${JSON.stringify(payload)}`;

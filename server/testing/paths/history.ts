import type { AnyActorRef, AnyMachineSnapshot, Subscription } from 'xstate';
import { Reactions, valueName, type Reaction } from './reaction';

/** An event that came to an actor, and the actor's reaction. */
export interface HistoryRecord extends Reaction {
  readonly type: string;
}

/** Records all that happens to an actor of a machine, from now on. */
export class History {
  readonly records: HistoryRecord[] = [];
  /** The error that the actor ended in, if it ended so. */
  crash: { readonly error: unknown } | undefined;
  readonly #subscriptions: readonly Subscription[];
  #wake: () => void = () => undefined;

  /**
   * @param actor - an actor that runs, or is not started yet
   * @param note - called with each record
   */
  constructor(actor: AnyActorRef, note: (record: HistoryRecord) => void) {
    const reactions = new Reactions(actor.getSnapshot() as AnyMachineSnapshot);
    const inspection = actor.system.inspect((event) => {
      if (event.actorRef !== actor) return;
      if (event.type === '@xstate.microstep') reactions.add(event);
      if (event.type !== '@xstate.snapshot') return;
      const record = { type: event.event.type, ...reactions.finish(event.snapshot as AnyMachineSnapshot) };
      this.records.push(record);
      note(record);
      this.#wake();
    });
    const errors = actor.subscribe({
      error: (error: unknown) => {
        this.crash = { error };
        this.#wake();
      },
    });
    this.#subscriptions = [inspection, errors];
  }

  /** Resolves (with false) at the next record, or when the actor ends in an error. */
  changed(): Promise<false> {
    return new Promise((resolve) => {
      this.#wake = () => {
        resolve(false);
      };
    });
  }

  /** Records nothing any more. */
  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  /** One line for each record. */
  toText(machine: string): string {
    const lines = this.records.map(({ type, value, transitions }) =>
      ['  ', type, ' → ', valueName(value, machine), ...transitions.map((id) => `\n      ${id}`)].join(''),
    );
    if (this.crash !== undefined) lines.push(`  ended in an error: ${String(this.crash.error as Error)}`);
    return lines.length === 0 ? '  nothing' : lines.join('\n');
  }
}

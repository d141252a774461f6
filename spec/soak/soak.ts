import { inspect } from 'node:util';
import fc from 'fast-check';
import { checkInvariants } from './invariants';
import { programText, type Program } from './program';
import { programArbitrary } from './programArbitrary';
import type { Run } from './run';
import { runProgram } from './runProgram';
import { Violation } from './violation';

/** One of this many seeds is played twice. */
const playedTwice = 8;

/** Milliseconds to search for a smaller program that fails, too. */
const shrinkingTime = 20_000;

/** The command that plays a seed again. */
export const replay = (seed: number): string => `npm run soak -- --from ${String(seed)} --seeds 1`;

/**
 * Plays a program, and checks all invariants.
 * @throws {@link Violation}
 */
export async function play(program: Program): Promise<Run> {
  const run = await runProgram(program);
  checkInvariants(run);
  return run;
}

/**
 * Plays the program that a seed draws, and checks all invariants.
 * @param onRun - called with the run if all invariants hold
 * @throws Error that tells how to play the program again, the smallest program with the same failure, and the violation
 */
export async function soak(seed: number, onRun?: (run: Run) => void): Promise<void> {
  let latest: { readonly program: Program; readonly run: Promise<void> } | undefined;
  const playOne = async (program: Program): Promise<void> => {
    const played = await play(program);
    if (seed % playedTwice === 0) await expectTheSame(program, played);
    onRun?.(played);
  };
  const property = fc.asyncProperty(programArbitrary, (program) => {
    latest = { program, run: playOne(program) };
    return latest.run;
  });
  const details = await fc.check(property, { seed, numRuns: 1, interruptAfterTimeLimit: shrinkingTime });
  // when the time is up, the run that is under way goes on
  const outcome = await latest?.run.catch((error: unknown) => ({ error }));
  if (details.failed) throw failure(seed, details.errorInstance, details.counterexample?.[0], details.numShrinks);
  if (outcome) throw failure(seed, outcome.error, latest?.program, 0);
}

const failure = (seed: number, cause: unknown, program: Program | undefined, shrinks: number): Error =>
  new Error(
    [
      `Seed ${String(seed)} fails; again: ${replay(seed)}`,
      cause instanceof Violation ? cause.message : inspect(cause),
      `The program, after ${String(shrinks)} shrinks:`,
      program === undefined ? 'none' : programText(program),
    ].join('\n\n'),
    { cause },
  );

/** Expects that the same program does exactly the same again. */
async function expectTheSame(program: Program, { s }: Run): Promise<void> {
  const [one, other] = [s.trace(), (await runProgram(program)).s.trace()].map((trace) => trace.split('\n'));
  if (one === undefined || other === undefined) return;
  const at = one.findIndex((line, i) => line !== other[i]);
  if (at < 0 && one.length === other.length) return;
  const lines = [one[at] ?? 'nothing', other[at] ?? 'nothing'].join('\n');
  throw new Violation('theSameHappensAgain', `line ${String(at + 1)} is first this, then that:\n${lines}`, s);
}

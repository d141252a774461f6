import { integer, type Check } from '../../machines/options/optionChecks';

/** A share of all cases: from 0 (none) to 1 (all). */
export const share: Check = {
  allowed: 'a number from 0 to 1',
  test: (value) => typeof value === 'number' && value >= 0 && value <= 1,
};
/** Milliseconds of a {@link SimulatedClock}, which unlike the system's clock takes fractions. */
export const duration: Check = {
  allowed: 'a number of milliseconds',
  test: (value) => typeof value === 'number' && value >= 0 && value < Infinity,
};
/** A whole number that isn't below `least`. */
export const wholeNumber = (least: number, words = 'a whole number'): Check =>
  integer(least, Number.MAX_SAFE_INTEGER, words);
/** A seed: any whole number. */
export const anySeed = wholeNumber(Number.MIN_SAFE_INTEGER);

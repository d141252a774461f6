import { integer, type Check } from '../../machines/options/optionChecks';

export const share: Check = {
  allowed: 'a number from 0 to 1',
  test: (value) => typeof value === 'number' && value >= 0 && value <= 1,
};
/** Of a clock that isn't the system's: fractions are fine. */
export const duration: Check = {
  allowed: 'a number of milliseconds',
  test: (value) => typeof value === 'number' && value >= 0 && value < Infinity,
};
export const wholeNumber = (least: number, words = 'a whole number'): Check =>
  integer(least, Number.MAX_SAFE_INTEGER, words);
export const anySeed = wholeNumber(Number.MIN_SAFE_INTEGER);

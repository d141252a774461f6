import { InvalidOptionError } from '../../../machines/errors';

/** What a number must be, and how to say so. */
export interface NumberCheck {
  readonly isAllowed: (value: number) => boolean;
  readonly allowed: string;
}

export const share: NumberCheck = { isAllowed: (value) => value >= 0 && value <= 1, allowed: 'a number from 0 to 1' };
export const milliseconds: NumberCheck = {
  isAllowed: (value) => value >= 0 && value < Infinity,
  allowed: 'a number of milliseconds',
};
export const seed: NumberCheck = { isAllowed: Number.isSafeInteger, allowed: 'a whole number' };

/**
 * Checks options that are numbers.
 * @param options - undefined stands for the default
 * @param checks - what there is
 * @param prefix - of their names in the error
 * @throws {@link InvalidOptionError} for a value that isn't allowed, and for a name that there isn't
 */
export function checkNumbers(options: object, checks: Readonly<Record<string, NumberCheck>>, prefix = ''): void {
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    const check = checks[name];
    if (check === undefined) {
      throw new InvalidOptionError(prefix + name, value, `one of ${Object.keys(checks).join(', ')}`);
    }
    if (value !== undefined && !(typeof value === 'number' && check.isAllowed(value))) {
      throw new InvalidOptionError(prefix + name, value, check.allowed);
    }
  }
}

/** Whether this is CI (`.ci/run`), where specs with random input or many clients may take long. */
const isCi = process.env['CI'] !== undefined && process.env['CI'] !== '';

/** Chooses how much a spec does: all of it in CI, and a part elsewhere, so that `npm test` takes three minutes. */
export const inCi = <T>(all: T, elsewhere: T): T => (isCi ? all : elsewhere);

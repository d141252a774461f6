/** Whether this is CI (`.ci/run`), where random and crowded specs take their time. */
const isCi = process.env['CI'] !== undefined && process.env['CI'] !== '';

/** How much of something a spec is to do: all of it in CI, and elsewhere a part, so that `npm test` takes three minutes. */
export const inCi = <T>(all: T, elsewhere: T): T => (isCi ? all : elsewhere);

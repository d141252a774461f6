/**
 * An expectation in a scenario isn't met. The message says what was found (bytes in text and in hex), and has the
 * last lines of the trace and the seeds that make the same happen again.
 */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
}

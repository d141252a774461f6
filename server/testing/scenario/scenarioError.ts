/**
 * Something in a scenario isn't as it was said to be. The message tells what was found, in text and in hex where it is
 * bytes, the last events of the trace, and the seeds that make the same happen again.
 */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
}

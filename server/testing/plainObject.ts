/** Whether a value is an object as one writes it, `{ … }`, and of no class. */
export const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Whether a value is a plain object, as `{ … }` makes it, and of no other class. */
export const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** An error of Node's own, which has a code and no system call behind it. */
export const nodeError = (code: string, message: string, Type: ErrorConstructor = Error): NodeJS.ErrnoException =>
  Object.assign(new Type(message), { code });

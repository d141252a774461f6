import { getSystemErrorMap } from 'node:util';

/** The other end, or the address that was asked for. */
interface Place {
  readonly address: string;
  /** Undefined for a unix socket. */
  readonly port: number | undefined;
}

const codes = new Map([...getSystemErrorMap()].map(([errno, [code, meaning]]) => [code, { errno, meaning }]));

/** What Node makes of an error that the system reports, such as `read ECONNRESET`. */
export function systemError(code: string, syscall: string, place?: Place): NodeJS.ErrnoException {
  const { errno, meaning } = codes.get(code) ?? { errno: 0, meaning: code };
  const explained = syscall === 'listen' ? `${code}: ${meaning}` : code;
  const { address, port } = place ?? {};
  const where = address === undefined ? '' : ` ${address}${port === undefined ? '' : `:${String(port)}`}`;
  const error = new Error(`${syscall} ${explained}${where}`);
  return Object.assign(error, { errno, code, syscall, ...(place && { address, ...(port !== undefined && { port }) }) });
}

/** An error of Node's own, which has a code and no system call behind it. */
export const nodeError = (code: string, message: string, Type: ErrorConstructor = Error): NodeJS.ErrnoException =>
  Object.assign(new Type(message), { code });

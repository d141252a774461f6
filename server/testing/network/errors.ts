import { getSystemErrorMap } from 'node:util';
import type { EndAddress } from './networkState';

const codes = new Map([...getSystemErrorMap()].map(([errno, [code, meaning]]) => [code, { errno, meaning }]));

/**
 * An error of the system as Node reports it, such as `read ECONNRESET`.
 * @param place - the other end, or the address to listen on
 */
export function systemError(code: string, syscall: string, place?: EndAddress): NodeJS.ErrnoException {
  const { errno, meaning } = codes.get(code) ?? { errno: 0, meaning: code };
  const explained = syscall === 'listen' ? `${code}: ${meaning}` : code;
  const { address, port } = place ?? {};
  const where = address === undefined ? '' : ` ${address}${port === undefined ? '' : `:${String(port)}`}`;
  const error = new Error(`${syscall} ${explained}${where}`);
  return Object.assign(error, { errno, code, syscall, ...(place && { address, ...(port !== undefined && { port }) }) });
}

/** An error of Node's own: it has a code, and no system call behind it. */
export const nodeError = (code: string, message: string, Type: ErrorConstructor = Error): NodeJS.ErrnoException =>
  Object.assign(new Type(message), { code });

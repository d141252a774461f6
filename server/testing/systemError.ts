import { getSystemErrorMap } from 'node:util';

/** The other end, or the address that was asked for. */
interface Place {
  readonly address: string;
  /** Undefined for a unix socket. */
  readonly port: number | undefined;
}

/** What Node makes of an error that the system reports, such as `read ECONNRESET`. */
export function systemError(code: string, syscall: string, place?: Place): NodeJS.ErrnoException {
  const [errno, [, meaning]] = [...getSystemErrorMap()].find(([, [name]]) => name === code) ?? [0, [code, code]];
  const explained = syscall === 'listen' ? `${code}: ${meaning}` : code;
  const { address, port } = place ?? {};
  const where = address === undefined ? '' : ` ${address}${port === undefined ? '' : `:${String(port)}`}`;
  const error = new Error(`${syscall} ${explained}${where}`);
  return Object.assign(error, { errno, code, syscall, ...(place && { address, ...(port !== undefined && { port }) }) });
}

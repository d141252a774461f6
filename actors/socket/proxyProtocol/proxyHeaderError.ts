import { ServerchartError } from '../../../machines/vocabulary/errors';

/** The first bytes of a connection are no PROXY header, and can't become one. Code `ERR_PROXY_HEADER`. */
export class ProxyHeaderError extends ServerchartError {
  /** @param problem - what is wrong with the header, as the end of the message */
  constructor(problem: string) {
    super('ERR_PROXY_HEADER', `Invalid PROXY header: ${problem}`);
  }
}

/** A byte as error messages write it: `0x0d`. */
export const hex = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;

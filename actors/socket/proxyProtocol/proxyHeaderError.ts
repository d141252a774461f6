import { ServerchartError } from '../../../machines/vocabulary/errors';

/** What a connection began with isn't a PROXY header, and won't become one. Code `ERR_PROXY_HEADER`. */
export class ProxyHeaderError extends ServerchartError {
  /** @param problem - what is wrong with the header, as the end of a sentence about it */
  constructor(problem: string) {
    super('ERR_PROXY_HEADER', `Invalid PROXY header: ${problem}`);
  }
}

/** A byte, as messages name it. */
export const hex = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;

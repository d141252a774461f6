import { readFileSync } from 'node:fs';
import { InvalidOptionError } from '../../machines/vocabulary/errors';
import type { TlsOptions } from '../../machines/options/tlsOptions';
import { UsageError } from './userModule';

/** The files of the server's certificate and key: both, or none. */
export interface TlsFiles {
  /** PEM: the server's certificate, then the intermediate certificates that lead from it to an authority. */
  readonly tlsCert?: string;
  /** PEM: the key of that certificate. */
  readonly tlsKey?: string;
}

/**
 * Reads the files as they are now. Returns undefined when the flags name none.
 * @throws {@link UsageError} naming the option whose file is missing or can't be read
 */
export function readTlsFiles({ tlsCert, tlsKey }: TlsFiles): TlsOptions | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  return { cert: read('--tls-cert', tlsCert), key: read('--tls-key', tlsKey) };
}

function read(option: string, file: string | undefined): string {
  if (file === undefined) throw new UsageError(`--tls-cert and --tls-key go together: there is no ${option}`);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`The file of ${option} can't be read: ${(error as Error).message}`);
  }
}

/** Throws an error again. When the server refused what the TLS files hold, the message names their flags instead. */
export function explainTls(error: unknown): never {
  if (error instanceof InvalidOptionError && error.option === 'tls') {
    throw new UsageError(`The files of --tls-cert and --tls-key must be ${error.allowed}`);
  }
  throw error;
}

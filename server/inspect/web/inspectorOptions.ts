import { randomBytes } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { InvalidOptionError } from '../../../machines/vocabulary/errors';
import { check, integer, text, type Check } from '../../../machines/options/optionChecks';

/** Options of {@link startInspector}. */
export interface InspectorOptions {
  /**
   * The TCP port.
   * @defaultValue 0: any free port; the inspector's `url` names it
   */
  readonly port?: number;
  /**
   * The address to listen on. An address that other machines can reach needs a `token` of your own. Nothing is
   * encrypted, so a tunnel (`ssh -L`) to a loopback address is the better way to look from elsewhere.
   * @defaultValue `'127.0.0.1'`
   */
  readonly host?: string;
  /**
   * The secret that lets an onlooker in: the first part of the URL's path. 16 to 128 characters out of `A–Z`, `a–z`,
   * `0–9`, `-` and `_`.
   * @defaultValue 24 random bytes, new for each inspector
   */
  readonly token?: string;
  /**
   * The http or https URL of the Stately Inspector. The page `stately` shows it in a frame, or opens a window for it.
   * @defaultValue `'https://stately.ai/inspect'`
   */
  readonly stately?: string;
}

const checks: Readonly<Record<keyof InspectorOptions, Check>> = {
  port: integer(0, 65_535, 'a whole number from 0 to 65535'),
  host: text,
  token: {
    allowed: '16 to 128 letters, digits, - or _',
    test: (value) => typeof value === 'string' && /^[\w-]{16,128}$/.test(value),
  },
  stately: {
    allowed: 'an http or https URL',
    test: (value) => typeof value === 'string' && ['http:', 'https:'].includes(new URL(value).protocol),
  },
};

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const isLoopback = (host: string): boolean =>
  host.toLowerCase() === 'localhost' || loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');

/**
 * Checks the options and fills in the defaults.
 * @throws {@link InvalidOptionError} naming the option, its value and what is allowed
 */
export function resolveInspectorOptions(options: InspectorOptions): Required<InspectorOptions> {
  check(options, checks);
  const { port = 0, host = '127.0.0.1', stately = 'https://stately.ai/inspect' } = options;
  if (options.token === undefined && !isLoopback(host)) {
    throw new InvalidOptionError(
      'host',
      host,
      'a loopback address, unless a token is given for those who can reach it',
    );
  }
  return { port, host, stately, token: options.token ?? randomBytes(24).toString('base64url') };
}

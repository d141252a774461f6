import type { TcpNetConnectOpts } from 'node:net';

/** The options `noDelay` and `keepAlive`, in Node's form, for a server and a client alike. */
export function tcpSettings(options: {
  readonly noDelay: boolean;
  readonly keepAlive: boolean | number;
}): Pick<TcpNetConnectOpts, 'noDelay' | 'keepAlive' | 'keepAliveInitialDelay'> {
  const { noDelay, keepAlive } = options;
  return {
    noDelay,
    keepAlive: keepAlive !== false,
    ...(typeof keepAlive === 'number' ? { keepAliveInitialDelay: keepAlive } : {}),
  };
}

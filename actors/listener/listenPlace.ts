import type { ListenOptions, Server } from 'node:net';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { ListenError } from '../../machines/vocabulary/errors';
import type { ListenAddress } from '../../machines/vocabulary/connectionTypes';
import type { ResolvedServerOptions } from '../../machines/options/resolveOptions';

/** Where a listener is to listen: a host and its port, a unix socket, or an inherited descriptor. */
export type ListenPlace = Pick<ResolvedServerOptions, 'host' | 'port' | 'path' | 'fd' | 'backlog'>;

/** The place as Node's `listen` takes it; on the port of an earlier listener, when that port is known. */
export function listenOptions({ host, port, path, fd, backlog }: ListenPlace, known?: ListenAddress): ListenOptions {
  if (fd !== undefined) return { fd, backlog } as ListenOptions;
  if (path !== undefined) return { path, backlog };
  return { host, port: known?.port ?? port, backlog };
}

/** The address of a server that listens at a place. */
export function addressOf(server: Server, { path }: ListenPlace): ListenAddress {
  const bound = server.address();
  if (bound !== null && typeof bound === 'object') return { address: bound.address, port: bound.port };
  return { address: bound ?? path ?? '', port: 0 };
}

/** The error that a server ends in when it can't listen at a place, or can't any more. */
export function listenError(
  { host, port, path, fd }: ListenPlace,
  known: ListenAddress | undefined,
  error: NodeJS.ErrnoException,
): ListenError {
  if (path !== undefined) return new ListenError(path, 0, pathError(path, error));
  if (fd !== undefined) return new ListenError(`file descriptor ${String(fd)}`, 0, error);
  return new ListenError(host, known?.port ?? port, error);
}

/**
 * The longest path that fits into `sockaddr_un` (unix(7)), in bytes. Node 20 cuts a longer path, and listens on the
 * rest.
 */
const longestPath = process.platform === 'darwin' ? 103 : 107;

/** A fault of a place that Node would not notice. */
export function placeError({ path }: ListenPlace): NodeJS.ErrnoException | undefined {
  if (process.platform === 'win32' || path === undefined || Buffer.byteLength(path) <= longestPath) return undefined;
  const error = new Error(`a path has at most ${String(longestPath)} bytes`);
  return Object.assign(error, { code: 'ENAMETOOLONG' });
}

/** Whether an error is about the listening socket itself, not about one client: then no more clients will come. */
export const isBroken = ({ code = '' }: NodeJS.ErrnoException): boolean =>
  ['EBADF', 'EINVAL', 'ENOTSOCK', 'EOPNOTSUPP', 'EADDRNOTAVAIL'].includes(code);

/** Restores ENOENT: for the sake of Windows, libuv says EACCES where the system said ENOENT (uv_pipe_bind). */
function pathError(path: string, error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  const isMissing = error.code === 'EACCES' && !existsSync(dirname(path));
  return isMissing ? Object.assign(error, { code: 'ENOENT' }) : error;
}

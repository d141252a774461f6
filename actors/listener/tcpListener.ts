import type { AnyActor, AnyActorRef } from 'xstate';
import type { ListenOptions, Server, Socket } from 'node:net';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidOptionError, ListenError } from '../../machines/vocabulary/errors';
import type { ListenAddress } from '../../machines/vocabulary/connectionTypes';
import type { ListenerEvent } from '../../machines/events';
import type { LogicFor } from '../../machines/vocabulary/logic';
import type { ListenerInput } from '../../machines/listenerInput';
import { serverDefaults, type ResolvedServerOptions } from '../../machines/options/resolveOptions';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';
import { timeOf } from '../../machines/vocabulary/time';
import { SocketAdapter } from '../socket/socketAdapter';
import { connectionInfo } from '../socket/connectionInfo';
import { DescriptorWatch } from './descriptorWatch';
import { networkOf, systemNetwork } from '../socket/network';
import { isActive } from '../xstate/relay';
import { tcpSettings } from '../socket/tcpSettings';
import { TlsUpgrader } from '../socket/tls/tlsUpgrader';
import { failable, type FailEvent } from '../xstate/failable';

/**
 * Listens on a TCP port, a unix socket or an inherited descriptor, and hands each client on as a
 * {@link ConnectedSocketAdapter}: Kamaelia's TCPServer.
 *
 * It starts closed; `control.resume` opens the port, `control.suspend` closes it for a while, and
 * `_serversignal.serverShutdown` for good. To its parent it says `newCSA` (in the box that its input names),
 * `_listener.listening`, `_listener.closed` and `_listener.acceptFailed`. When the port can't be had it ends in a
 * {@link ListenError}.
 *
 * A client belongs to the listener until a connection claims it, so that none is left open when the server stops.
 */
export const tcpListener: LogicFor<ListenerEvent, ListenerInput> = failable<ListenerEvent, ListenerInput>(
  ({ input, receive, self, sendBack }) => {
    const network = networkOf(self as AnyActorRef);
    const { box } = input;
    const options = { ...serverDefaults, ...input.options };
    const { clock } = self as unknown as AnyActor;
    const tls = options.tls && new TlsUpgrader(options.tls);
    const socketOptions = { clock, tls };
    const watch = new DescriptorWatch({
      clock,
      // sockets that aren't the system's take no descriptors
      headroom: network === systemNetwork ? options.descriptorHeadroom : 0,
      told: {
        short: (descriptors) => {
          sendBack({ type: '_listener.descriptorsShort', descriptors });
        },
        spare: (descriptors) => {
          sendBack({ type: '_listener.descriptorsSpare', descriptors });
        },
      },
    });
    const { unclaimed = new Set<ConnectedSocketAdapter>() } = input;
    let server: Server | undefined;
    // kept over a suspension: a port that the system chose must stay the same
    let { address } = input;
    let accepted = input.accepted ?? 0;
    let hasFailed = false;

    const destroyUnclaimed = (): void => {
      for (const CSA of unclaimed) CSA.destroy();
    };

    const accept = (socket: Socket): void => {
      accepted += 1;
      // before anybody hears of this one: it may be the one too many
      watch.onAccept();
      const info = connectionInfo(`connection:${String(accepted)}`, socket, address);
      const CSA = new SocketAdapter(socket, info, socketOptions, unclaimed);
      sendBack({ type: `${box}.newCSA`, CSA });
      // nearly always a connection has claimed it by now; but whoever heard of it may have stopped us
      CSA.awaitClaim();
      if (!isActive(self as AnyActorRef)) destroyUnclaimed();
    };

    const open = (): void => {
      const opening = network.createServer({
        // the FIN is ours to answer; and no byte comes before the handler is there
        allowHalfOpen: true,
        pauseOnConnect: true,
        ...tcpSettings(options),
      });
      server = opening;
      opening.on('connection', accept);
      opening.once('listening', () => {
        address = addressOf(opening, options);
        sendBack({ type: '_listener.listening', address });
      });
      opening.on('error', (error: NodeJS.ErrnoException) => {
        if (opening.listening && !isBroken(error)) {
          sendBack({ type: '_listener.acceptFailed', error });
          return;
        }
        const { host, path, fd } = options;
        const where = path ?? (fd === undefined ? host : `file descriptor ${String(fd)}`);
        const port = path === undefined && fd === undefined ? (address?.port ?? options.port) : 0;
        const failure = new ListenError(where, port, path === undefined ? error : pathError(path, error));
        sendBack({ type: '_listener.failed', error: failure, at: timeOf(clock) });
        hasFailed = true;
        (self as AnyActorRef).send({ type: 'fail', error: failure } satisfies FailEvent);
      });
      if (isTooLong(options.path)) {
        const error = new Error(`a path has at most ${String(longestPath)} bytes`);
        opening.emit('error', Object.assign(error, { code: 'ENAMETOOLONG' }));
        return;
      }
      opening.listen(listenOptions(options, address));
    };

    const close = (): void => {
      watch.stop();
      if (server === undefined) return;
      server.removeAllListeners();
      // closing while the address is still being looked up may end in an error that nobody needs any more
      server.on('error', () => undefined);
      server.close();
      server = undefined;
    };

    receive((event) => {
      switch (event.type) {
        case 'control.resume':
          if (server === undefined) open();
          break;
        case 'control.suspend':
          close();
          break;
        case '_serversignal.serverShutdown':
          close();
          sendBack({ type: '_listener.closed' });
          break;
        case 'control.tlsReload':
          try {
            if (tls === undefined)
              throw new InvalidOptionError('tls', {}, 'left out: this server was started without it');
            tls.reload(event.options);
            sendBack({ type: '_listener.tlsReloaded', options: event.options });
          } catch (error) {
            sendBack({ type: '_listener.tlsReloadFailed', error: error as Error });
          }
          break;
      }
    });

    return () => {
      close();
      const keeper = input.unclaimed && (self as AnyActorRef)._parent;
      if (keeper === undefined || !hasFailed) destroyUnclaimed();
      else {
        // whether it outlives this failure shows when it has heard of it
        queueMicrotask(() => {
          if (!isActive(keeper)) destroyUnclaimed();
        });
      }
    };
  },
);

/** What accept(2) says of a listening socket, not of a client: there will be no more clients. */
const isBroken = ({ code = '' }: NodeJS.ErrnoException): boolean =>
  ['EBADF', 'EINVAL', 'ENOTSOCK', 'EOPNOTSUPP', 'EADDRNOTAVAIL'].includes(code);

/** What `sockaddr_un` holds (unix(7)). Node 20 cuts a longer path off, and listens on what is left. */
const longestPath = process.platform === 'darwin' ? 103 : 107;

const isTooLong = (path: string | undefined): boolean =>
  process.platform !== 'win32' && path !== undefined && Buffer.byteLength(path) > longestPath;

/** libuv says EACCES where the system said ENOENT, for the sake of Windows (uv_pipe_bind). */
function pathError(path: string, error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  const isMissing = error.code === 'EACCES' && !existsSync(dirname(path));
  return isMissing ? Object.assign(error, { code: 'ENOENT' }) : error;
}

type Place = Pick<ResolvedServerOptions, 'host' | 'port' | 'path' | 'fd' | 'backlog'>;

function listenOptions({ host, port, path, fd, backlog }: Place, known?: ListenAddress): ListenOptions {
  if (fd !== undefined) return { fd, backlog } as ListenOptions;
  if (path !== undefined) return { path, backlog };
  return { host, port: known?.port ?? port, backlog };
}

function addressOf(server: Server, { path }: Place): ListenAddress {
  const bound = server.address();
  if (bound !== null && typeof bound === 'object') return { address: bound.address, port: bound.port };
  return { address: bound ?? path ?? '', port: 0 };
}

import type { AnyActor, AnyActorRef } from 'xstate';
import type { Server, Socket } from 'node:net';
import { InvalidOptionError } from '../../machines/vocabulary/errors';
import type { ListenAddress } from '../../machines/vocabulary/connectionTypes';
import type { ListenerEvent } from '../../machines/events';
import type { ListenerInput } from '../../machines/listenerInput';
import type { LogicFor } from '../../machines/vocabulary/logic';
import { serverDefaults } from '../../machines/options/resolveOptions';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';
import { timeOf } from '../../machines/vocabulary/time';
import { SocketAdapter } from '../socket/socketAdapter';
import { connectionInfo } from '../socket/connectionInfo';
import { DescriptorWatch } from './descriptorWatch';
import { addressOf, isBroken, listenError, listenOptions, placeError } from './listenPlace';
import { networkOf, systemNetwork } from '../socket/network';
import { parentOf } from '../xstate/parentOf';
import { isActive } from '../xstate/relay';
import { tcpSettings } from '../socket/tcpSettings';
import { TlsUpgrader } from '../socket/tls/tlsUpgrader';
import { failable, type FailEvent } from '../xstate/failable';

/** The statuses in which the port is closed. A port that the system chose stays the same after a suspension. */
type ClosedStatus =
  /** `control.resume` opens the port. A listener starts like this. */
  | { readonly is: 'suspended'; readonly address: ListenAddress | undefined }
  /**
   * The parent has been told of the failure, and this actor ends in it at once. Until then, events about the port are
   * ignored.
   */
  | { readonly is: 'failed' }
  /** Nothing opens the port again. */
  | { readonly is: 'closed' };

/** What a listener is doing. Node can report something only while the status has a server. */
type Status =
  | ClosedStatus
  /** Node has been asked to listen, and has not answered yet. */
  | { readonly is: 'opening'; readonly server: Server; readonly address: ListenAddress | undefined }
  /** Clients come. */
  | { readonly is: 'listening'; readonly server: Server; readonly address: ListenAddress };

/**
 * Listens on a TCP port, a unix socket or an inherited descriptor, and hands each client on as a
 * {@link ConnectedSocketAdapter}: Kamaelia's TCPServer.
 *
 * A listener starts with its port closed. `control.resume` opens the port, `control.suspend` closes it for a while,
 * and `_serversignal.serverShutdown` closes it for good. The listener sends its parent `newCSA` (in the box that the
 * input names) and the events of the box `_listener`. When the port can't be had, or the listening socket breaks, the
 * listener sends `_listener.failed` and ends in that {@link ListenError}.
 *
 * A client belongs to the listener until a connection claims it, so that no client is left open when the server
 * stops.
 */
export const tcpListener: LogicFor<ListenerEvent, ListenerInput> = failable<ListenerEvent, ListenerInput>(
  ({ input, receive, self, sendBack }) => {
    const actor = self as AnyActorRef;
    const network = networkOf(actor);
    const { box, unclaimed = new Set<ConnectedSocketAdapter>() } = input;
    const options = { ...serverDefaults, ...input.options };
    const { clock } = self as unknown as AnyActor;
    const tls = options.tls && new TlsUpgrader(options.tls);
    const socketOptions = { clock, tls };
    const watch = new DescriptorWatch({
      clock,
      // on another network than the system's, sockets take no descriptors
      headroom: network === systemNetwork ? options.descriptorHeadroom : 0,
      listener: {
        short: (descriptors) => {
          sendBack({ type: '_listener.descriptorsShort', descriptors });
        },
        spare: (descriptors) => {
          sendBack({ type: '_listener.descriptorsSpare', descriptors });
        },
      },
    });
    let status: Status = { is: 'suspended', address: input.address };
    let accepted = input.accepted ?? 0;

    const address = (): ListenAddress | undefined => ('address' in status ? status.address : undefined);

    const destroyUnclaimed = (): void => {
      for (const CSA of unclaimed) CSA.destroy();
    };

    const accept = (socket: Socket): void => {
      accepted += 1;
      // before anybody hears of this client, which may be the one too many
      watch.onAccept();
      const info = connectionInfo(`connection:${String(accepted)}`, socket, address());
      const CSA = new SocketAdapter(socket, info, socketOptions, unclaimed);
      sendBack({ type: `${box}.newCSA`, CSA });
      // nearly always a connection has claimed the client by now; but the parent may have stopped this actor instead
      CSA.awaitClaim();
      if (!isActive(actor)) destroyUnclaimed();
    };

    const close = (next: ClosedStatus): void => {
      watch.stop();
      if ('server' in status) {
        const { server } = status;
        server.removeAllListeners();
        // a server that is closed while its address is still being looked up may emit an error that nobody needs
        server.on('error', () => undefined);
        server.close();
      }
      status = next;
    };

    const fail = (error: NodeJS.ErrnoException): void => {
      const failure = listenError(options, address(), error);
      close({ is: 'failed' });
      sendBack({ type: '_listener.failed', error: failure, at: timeOf(clock) });
      // the parent may have stopped this actor when it heard of the failure
      if (isActive(actor)) actor.send({ type: 'fail', error: failure } satisfies FailEvent);
    };

    const open = (known: ListenAddress | undefined): void => {
      const wrong = placeError(options);
      if (wrong !== undefined) {
        fail(wrong);
        return;
      }
      const server = network.createServer({
        // the connection itself answers the peer's FIN, and no byte may come before there is a handler
        allowHalfOpen: true,
        pauseOnConnect: true,
        ...tcpSettings(options),
      });
      status = { is: 'opening', server, address: known };
      server.on('connection', accept);
      server.once('listening', () => {
        status = { is: 'listening', server, address: addressOf(server, options) };
        sendBack({ type: '_listener.listening', address: status.address });
      });
      server.on('error', (error: NodeJS.ErrnoException) => {
        if (status.is === 'listening' && !isBroken(error)) sendBack({ type: '_listener.acceptFailed', error });
        else fail(error);
      });
      server.listen(listenOptions(options, known));
    };

    receive((event) => {
      switch (event.type) {
        case 'control.resume':
          if (status.is === 'suspended') open(status.address);
          break;
        case 'control.suspend':
          if ('server' in status) close({ is: 'suspended', address: status.address });
          break;
        case '_serversignal.serverShutdown':
          if (status.is === 'failed') break;
          close({ is: 'closed' });
          sendBack({ type: '_listener.closed' });
          break;
        case 'control.tlsReload':
          // in every status: the caller waits for the answer
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
      const keeper = status.is === 'failed' && input.unclaimed !== undefined ? parentOf(actor) : undefined;
      close({ is: 'closed' });
      if (keeper === undefined) destroyUnclaimed();
      else {
        // A server that survives this failure keeps these clients. Whether the server survives shows once it has
        // heard of this actor's end.
        queueMicrotask(() => {
          if (!isActive(keeper)) destroyUnclaimed();
        });
      }
    };
  },
);

import { createActor, fromCallback, type Actor, type AnyEventObject } from 'xstate';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { SocketAdapter } from '../../../actors/socket/socketAdapter';
import { connectionInfo } from '../../../actors/socket/connectionInfo';
import { TlsUpgrader } from '../../../actors/socket/tls/tlsUpgrader';
import type { ConnectionInput } from '../../../machines/connectionMachine';
import { connection } from '../../../server/index';
import type { Drive } from '../../../server/testing/paths/modelPath';
import { ca } from '../tls/certificates';
import { eventually } from '../events';
import { atEnd } from '../fixtures';
import { turns, type Net, type Peer } from '../networks';
import { floodFor, proxyHeader } from './paths';
import { brief, failing, lingerTimeout, talking, timeLimits } from './pathsConnection';
import type { RecordedHandler } from '../recorder';

/** A connection that has not started, over a socket on a network. */
export async function makeConnection(
  net: Net,
  { options }: ConnectionInput,
): Promise<{ actor: Actor<typeof connection>; drive: Drive }> {
  const [client, accepted] = await net.pair();
  const { socket } = accepted;
  const { clock } = net;
  const CSA = new SocketAdapter(socket, connectionInfo('connection:1', socket), {
    clock,
    tls: options.tls && new TlsUpgrader(options.tls),
  });
  // this server does nothing: the path itself sends what a server would
  const server = createActor(fromCallback(() => undefined)).start();
  const isOpenedFirst = options.proxyProtocol !== undefined || options.tls !== undefined;
  const input = { CSA, options, ...(isOpenedFirst && { server }) };
  const actor = createActor(connection, { input, clock });
  atEnd(() => {
    actor.stop();
    server.stop();
  });
  const recorder = options.protocol === failing.protocol ? failing : talking;
  // the next handler is the one of this connection
  const first = recorder.handlers.length;
  const handler = (): RecordedHandler => {
    const made = recorder.handlers[first];
    if (made === undefined) throw new Error('The handler has not started');
    return made;
  };
  return { actor, drive: connectionDrive(net, actor, client, accepted, handler) };
}

/** How the events of a connection happen. */
function connectionDrive(
  net: Net,
  actor: Actor<typeof connection>,
  client: Peer,
  accepted: Peer,
  handler: () => RecordedHandler,
): Drive {
  const is = (value: unknown): boolean => actor.getSnapshot().matches(value as never);
  const says = (event: AnyEventObject): void => {
    handler().emit(event as never);
  };
  /** Sends the event to a connection that is closing, as if the handler had sent it just before its end. */
  const tellLate = (event: AnyEventObject): boolean => {
    const isLate = is('closing');
    if (isLate) actor.send(event as never);
    return isLate;
  };
  return {
    makessl: says,
    'signal.*': says,
    'serversignal.*': says,
    '_socketFeedback.identified': () => client.socket.write(proxyHeader('192.0.2.1')),
    '_socketFeedback.proxyFailed': () => client.socket.write('GET / HTTP/1.1\r\n\r\n'),
    '_socketFeedback.secured': () => shakeHands(client),
    '_socketFeedback.tlsFailed': async () => {
      // without tls options the upgrade fails by itself
      if (is('closed')) return;
      client.socket.write('The quick brown fox');
      await turns();
    },
    '_socketFeedback.refused': (event) => {
      if (!tellLate(event)) says({ type: 'outbox', data: 42 });
    },
    '_socketFeedback.inboxEnded': ({ reason }) => {
      if (reason === 'serverShutdown') actor.send({ type: 'control.serverShutdown' });
      else client.socket.end();
    },
    '_socketFeedback.noSpaceInBox': () => {
      handler().write(floodFor(net));
    },
    '_socketFeedback.overflowed': (event) => {
      if (tellLate(event)) return;
      handler().write(floodFor(net));
      handler().write('.');
    },
    '_socketFeedback.spaceInBox': () => {
      client.reads();
    },
    '_socketFeedback.flushed': () => {
      client.reads();
    },
    '_socketFeedback.failed': async () => {
      client.socket.resetAndDestroy();
      if (!is({ open: 'peerEnded' })) return;
      // after the peer's end, only a write finds out about a reset
      await turns();
      handler().write('.');
    },
    '_socketFeedback.closed': () => {
      if (is('open') || is('opening')) accepted.socket.destroy();
      else client.reads().socket.end();
    },
    'xstate.done.actor.protocol': () => client.socket.write('.'),
    'xstate.error.actor.protocol': () => {
      if (is('open')) client.socket.write('!');
    },
    '_timeouts.openTimeout': () => net.clock.advance(timeLimits.openTimeout),
    '_timeouts.handlerStartTimeout': () => net.clock.advance(timeLimits.handlerStartTimeout),
    '_timeouts.idleTimeout': () => net.clock.advance(timeLimits.idleTimeout),
    '_timeouts.minReceiveRate': async () => {
      const { window } = timeLimits.minReceiveRate;
      // the first window begins before anything is read
      await net.clock.advance(window);
      client.socket.write('.');
      await eventually(() => accepted.socket.bytesRead > 0);
      await net.clock.advance(window);
    },
    '_timeouts.maxConnectionDuration': async () => {
      if (!is('closing')) {
        await net.clock.advance(brief.maxConnectionDuration);
        return;
      }
      // the bytes that were written get `writeTimeout` to leave; some leave, so this is not a stall
      await readsHalf(client, floodFor(net));
      await net.clock.advance(brief.writeTimeout);
    },
    // bytes may have left since the last check, but none leave between the next two
    '_timeouts.writeTimeout': () => net.clock.advance(2 * timeLimits.writeTimeout),
    'xstate.after.lingerTimeout.*': () => net.clock.advance(lingerTimeout),
  };
}

/** Does the client's part of a TLS handshake. */
async function shakeHands({ socket }: Peer): Promise<void> {
  const secured = connect({ ca: ca.pem.cert, servername: 'a.test', socket });
  secured.on('error', () => undefined);
  await once(secured, 'secureConnect');
  // under TLS 1.3 the server is done after its client
  await turns();
}

/** Reads half of the bytes. That is more than the buffers between the ends hold, so some have left for certain. */
async function readsHalf({ socket }: Peer, { length }: Buffer): Promise<void> {
  socket.resume();
  await eventually(() => socket.bytesRead > length / 2);
  socket.pause();
}

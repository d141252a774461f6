/**
 * serverchart: an actor-model connection server on XState v5. The server is a statechart, each connection is an actor,
 * and its diagram is drawn from the code that runs.
 */
import '../actors/xstate/requireXState';

export { createServerCore, type ServerCore } from './createServerCore';
export { createSingleServer, type SingleServer } from './createSingleServer';
export type { Clock, HandleOptions, ServerHandle } from './serverHandle';

export { serverCore } from '../actors/serverCore';
export { singleServer } from '../actors/singleServer';
export { connection, connectionInput, type ConnectionSettings } from '../actors/connection';
export { tcpListener } from '../actors/listener/tcpListener';
export { tcpClient } from '../actors/tcpClient';
export { echo } from '../actors/handler/echo';
export { setupProtocol } from '../actors/handler/setupProtocol';
export type {
  KnownEvents,
  None,
  ProtocolActions,
  ProtocolSetup,
  ReplyParams,
} from '../actors/handler/setupProtocolTypes';
export { link } from '../actors/wiring/link';
export { pipeline } from '../actors/wiring/pipeline';
export { graphline, type GraphlineOptions, type Linkage } from '../actors/wiring/graphline';

export { serverCoreMachine, type ConnectionsInput, type ServerCoreContext } from '../machines/serverCoreMachine';
export { singleServerMachine, type SingleServerContext } from '../machines/singleServerMachine';
export {
  connectionMachine,
  type ConnectionContext,
  type ConnectionInput,
  type ProtocolInput,
} from '../machines/connectionMachine';
export type { ConnectionOptions } from '../machines/options/connectionOptions';
export { tcpClientMachine, type TcpClientContext } from '../machines/tcpClientMachine';
export type { ConnectedSocketAdapter } from '../machines/connectedSocketAdapter';
export type { LogicFor } from '../machines/vocabulary/logic';
export type { ServerTag } from '../machines/vocabulary/serverTag';

export { ConnectError, InvalidOptionError, ListenError, ServerchartError } from '../machines/vocabulary/errors';
export type { ListenerInput } from '../machines/listenerInput';
export type {
  ResolvedServerCoreOptions,
  ResolvedSingleServerOptions,
  ResolvedTcpClientOptions,
} from '../machines/options/resolveOptions';
export type { AdmissionOptions, ProxyProtocol } from '../machines/options/admissionOptions';
export type { ConfigurableOptions } from '../machines/options/configure';
export type { Restart } from '../machines/options/restart';
export type { ReceiveRate, TimeLimits } from '../machines/options/timeLimits';
export type { TlsOptions } from '../machines/options/tlsOptions';
export type { AcceptRate } from '../machines/options/tokenBucket';
export type {
  NearCapacity,
  Protocol,
  ServerCoreOptions,
  ServerOptions,
  ShutdownOptions,
  SingleServerOptions,
  TcpClientOptions,
  WhenBusy,
} from '../machines/options/options';
export type {
  Bytes,
  ClosedConnection,
  CloseReason,
  ConnectionInfo,
  ConnectionSummary,
  ListenAddress,
  ProxyInfo,
} from '../machines/vocabulary/connectionTypes';
export type { ProxySsl, ProxyTlv, ProxyTlvs } from '../machines/vocabulary/proxyHeader';
export type {
  ConnectionEvent,
  ConnectionsEvent,
  Descriptors,
  ListenerEvent,
  RejectReason,
  ServerControl,
  ServerCoreEvent,
  ServerEmitted,
  ServerSummary,
  SingleServerEmitted,
  SingleServerEvent,
  TcpClientEmitted,
  TcpClientEvent,
  TimeoutEvent,
  TlsReload,
} from '../machines/events';
export type { ProtocolEmitted, ProtocolEvent } from '../machines/protocolEvents';

/**
 * serverchart: an actor-model connection server on XState v5. The server is a statechart, each connection is an actor,
 * and the diagram that one looks at is the code that runs.
 */
export { createServerCore, type ServerCore } from './createServerCore';
export { createSingleServer, type SingleServer } from './createSingleServer';
export type { Clock, HandleOptions, ServerHandle } from './serverHandle';

export { serverCore } from '../actors/serverCore';
export { singleServer } from '../actors/singleServer';
export { connection, connectionInput, type ConnectionSettings } from '../actors/connection';
export { tcpListener } from '../actors/tcpListener';
export { tcpClient } from '../actors/tcpClient';
export { echo } from '../actors/echo';
export { setupProtocol } from '../actors/setupProtocol';
export type { KnownEvents, None, ProtocolActions, ProtocolSetup, ReplyParams } from '../actors/protocolSetup';
export { link } from '../actors/link';
export { pipeline } from '../actors/pipeline';
export { graphline, type GraphlineOptions, type Linkage } from '../actors/graphline';

export { serverCoreMachine, type ConnectionsInput, type ServerCoreContext } from '../machines/serverCoreMachine';
export { singleServerMachine, type SingleServerContext } from '../machines/singleServerMachine';
export {
  connectionMachine,
  type ConnectionContext,
  type ConnectionInput,
  type ProtocolInput,
} from '../machines/connectionMachine';
export type { ConnectionOptions } from '../machines/connectionOptions';
export { tcpClientMachine, type TcpClientContext } from '../machines/tcpClientMachine';
export type { ConnectedSocketAdapter } from '../machines/connectedSocketAdapter';
export type { LogicFor } from '../machines/logic';

export { ConnectError, InvalidOptionError, ListenError, ServerchartError } from '../machines/errors';
export type {
  ListenerInput,
  ResolvedServerCoreOptions,
  ResolvedSingleServerOptions,
  ResolvedTcpClientOptions,
} from '../machines/resolveOptions';
export type { AdmissionOptions, ProxyProtocol } from '../machines/admissionOptions';
export type { ConfigurableOptions } from '../machines/configure';
export type { Restart } from '../machines/restart';
export type { ReceiveRate, TimeLimits } from '../machines/timeLimits';
export type { TlsOptions } from '../machines/tlsOptions';
export type { AcceptRate } from '../machines/tokenBucket';
export type {
  NearCapacity,
  Protocol,
  ServerCoreOptions,
  ServerOptions,
  ShutdownOptions,
  SingleServerOptions,
  TcpClientOptions,
  WhenBusy,
} from '../machines/options';
export type {
  Bytes,
  ClosedConnection,
  CloseReason,
  ConnectionInfo,
  ConnectionSummary,
  ListenAddress,
  ProxyInfo,
} from '../machines/connectionTypes';
export type { ProxySsl, ProxyTlv, ProxyTlvs } from '../machines/proxyHeader';
export type {
  ConnectionEvent,
  ConnectionsEvent,
  Descriptors,
  ListenerEvent,
  ProtocolEmitted,
  ProtocolEvent,
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

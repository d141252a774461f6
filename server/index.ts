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
  type ConnectionOptions,
  type ProtocolInput,
} from '../machines/connectionMachine';
export { tcpClientMachine, type TcpClientContext } from '../machines/tcpClientMachine';
export type { ConnectedSocketAdapter } from '../machines/connectedSocketAdapter';
export type { LogicFor } from '../machines/logic';

export { ConnectError, InvalidOptionError, ListenError, ServerchartError } from '../machines/errors';
export type {
  ListenerInput,
  ResolvedServerCoreOptions,
  ResolvedSingleServerOptions,
  ResolvedTcpClientOptions,
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
} from '../machines/connectionTypes';
export type {
  ConnectionEvent,
  ConnectionsEvent,
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
} from '../machines/events';

/**
 * serverchart: an actor-model connection server on XState v5. The server is a statechart, each connection is an actor,
 * and the diagram that one looks at is the code that runs.
 */
export { createServerCore, type ServerCore } from './createServerCore';
export { createSingleServer, type SingleServer } from './createSingleServer';
export type { Clock, HandleOptions, ServerHandle, ShutdownOptions } from './serverHandle';

export { serverCore } from '../actors/serverCore';
export { singleServer } from '../actors/singleServer';
export { connection, connectionInput, type ConnectionSettings } from '../actors/connection';
export { tcpListener } from '../actors/tcpListener';
export { tcpClient } from '../actors/tcpClient';
export { echo } from '../actors/echo';
export { setupProtocol, type ReplyParams } from '../actors/setupProtocol';
export { link } from '../actors/link';
export { pipeline } from '../actors/pipeline';
export { graphline, type GraphlineOptions, type Linkage } from '../actors/graphline';

export { serverCoreMachine } from '../machines/serverCoreMachine';
export { singleServerMachine } from '../machines/singleServerMachine';
export { connectionMachine, type ConnectionInput } from '../machines/connectionMachine';
export { tcpClientMachine } from '../machines/tcpClientMachine';

export { ConnectError, InvalidOptionError, ListenError, ServerchartError } from '../machines/errors';
export type {
  Protocol,
  ServerCoreOptions,
  ServerOptions,
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
} from '../machines/connectionTypes';
export type {
  ConnectionEvent,
  ListenAddress,
  ListenerEvent,
  ProtocolEmitted,
  ProtocolEvent,
  RejectReason,
  ServerCoreEvent,
  ServerEmitted,
  ServerSummary,
  SingleServerEmitted,
  SingleServerEvent,
  TcpClientEmitted,
  TcpClientEvent,
} from '../machines/events';

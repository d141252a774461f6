import type { SocketControl } from '../../machines/events';

/** The commands of a connection's chart, as inspectors see them. All sockets share these objects. */
export const socketCommands = {
  claim: { type: '_socketControl.claim' },
  readProxyHeader: { type: '_socketControl.readProxyHeader' },
  startTls: { type: '_socketControl.startTls' },
  resumeReading: { type: '_socketControl.resumeReading' },
  pauseReading: { type: '_socketControl.pauseReading' },
  end: { type: '_socketControl.end' },
  destroy: { type: '_socketControl.destroy' },
} as const satisfies Readonly<Record<string, SocketControl>>;

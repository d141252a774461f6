import type { ListenAddress } from '../../machines/vocabulary/connectionTypes';

/** A server that the command has started. */
export interface StartedServer {
  /** ServerCore or SingleServer. */
  readonly kind: string;
  /** The name of its protocol. */
  readonly name: string;
  readonly address: ListenAddress;
  /** Whether the server speaks TLS. */
  readonly encrypted: boolean;
  /** The addresses of the inspector, of `/metrics` and of `/readyz`, as far as the command serves them. */
  readonly urls: Readonly<Partial<Record<'inspector' | 'metrics' | 'ready', string>>>;
}

/**
 * Tells the user of the command what happens to the server. A reporter listens to the server itself for what the server
 * emits; its methods are for the rest.
 */
export interface Reporter {
  /** The server listens. */
  started(server: StartedServer): void;
  /** The command was told to stop the server, which drains after `delay` milliseconds. */
  leaving(delay: number): void;
  /** The command was told to read the certificate again, and can't read its files. */
  unreadable(error: Error): void;
}

import type { ListenAddress } from '../../machines/vocabulary/connectionTypes';

/** What the command has started. */
export interface Started {
  /** ServerCore or SingleServer. */
  readonly kind: string;
  /** Of its protocol. */
  readonly name: string;
  readonly address: ListenAddress;
  /** Whether it speaks TLS. */
  readonly encrypted: boolean;
  /** Where the inspector is, the metrics, and what tells whether the server is ready. */
  readonly urls: Readonly<Partial<Record<'inspector' | 'metrics' | 'ready', string>>>;
}

/** How the command tells what happens to its server. What the server emits it hears from the server itself. */
export interface Voice {
  /** The server listens. */
  started(what: Started): void;
  /** It was told to stop, and drains in so many milliseconds. */
  leaving(delay: number): void;
  /** It was told to read its certificate again, and can't. */
  unreadable(error: Error): void;
}

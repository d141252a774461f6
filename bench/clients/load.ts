/** The clients of one measurement. */
export interface Load {
  /** Connects the clients that stay connected. */
  open(): Promise<void>;
  /** Puts the clients to work, and waits until the work is done. */
  run(): Promise<void>;
  /** Disconnects the clients. */
  close(): Promise<void>;
}

/** Clients for one measurement. */
export interface Load {
  /** Connects those that stay. */
  open(): Promise<void>;
  /** Puts them to work, and waits until it is done. */
  run(): Promise<void>;
  /** Disconnects them. */
  close(): Promise<void>;
}

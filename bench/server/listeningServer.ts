/** What a server does with a message: `echo` sends it back, `room` sends it to everybody. */
export type Mode = 'echo' | 'room';

/** A server in this process. */
export interface ListeningServer {
  readonly port: number;
  readonly countOpen: () => number;
  /** The address of its inspector, if a viewer is to watch. */
  readonly inspector?: string;
}

/** How many clients may wait in the kernel's queue: enough for all that connect at once. */
export const backlog = 4_096;

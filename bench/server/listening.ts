/** What a server does with a message: send it back, or send it to everybody. */
export type Mode = 'echo' | 'room';

/** A server in this process. */
export interface Listening {
  readonly port: number;
  readonly countOpen: () => number;
  /** Where its inspector is, if somebody is to look. */
  readonly inspector?: string;
}

/** Room for all clients that connect at once. */
export const backlog = 4_096;

/** Words that make a handler do something else than answer. They have one byte each, so no network can cut them. */
export const words = { finish: '.', crash: '!', shutdownServer: '?', abort: '~' } as const;

export type Word = (typeof words)[keyof typeof words];

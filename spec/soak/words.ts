/** What makes a handler do something other than to answer. One character, so that no network can cut it in two. */
export const words = { finish: '.', crash: '!', shutdownServer: '?', abort: '~' } as const;

export type Word = (typeof words)[keyof typeof words];

/**
 * The first characters of a text, as a copy: V8 keeps the whole of a text as long as somebody has a part of it, and even a
 * short one may be a part of what a client has sent.
 */
export const beginningOf = (text: string, characters: number): string =>
  Buffer.from(text.slice(0, characters), 'utf16le').toString('utf16le');

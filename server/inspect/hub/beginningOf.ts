/**
 * The first characters of a text, as a copy. A slice would not do: V8 keeps a whole text in memory while anybody
 * holds a part of the text, and what a client has sent may be long.
 */
export const beginningOf = (text: string, characters: number): string =>
  Buffer.from(text.slice(0, characters), 'utf16le').toString('utf16le');

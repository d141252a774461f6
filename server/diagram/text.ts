/** A kind of text in a drawing. `name`: a state's name, in bold; `code`: all else, in one width. */
type Font = 'name' | 'code';

/** The height of a line of text, in pixels. */
export const lineHeight = 16;

/** In pixels. */
const fontSize: Readonly<Record<Font, number>> = { name: 13, code: 11 };

/** No text is drawn longer than that; what is longer ends in an ellipsis, and is whole in its tooltip. */
const maxCharacters = 60;

const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\uFFFE\uFFFF]+/gu;

/** A text as one line shows it: without what breaks a line or turns its direction, and not too long. */
export function oneLine(text: string): string {
  // twice: a character can take two places in a string
  const characters = Array.from(text.slice(0, 2 * maxCharacters + 2).replace(unprintable, ' '));
  return characters.length > maxCharacters
    ? `${characters.slice(0, maxCharacters - 1).join('')}…`
    : characters.join('');
}

const widthOfCharacter = (character: string, font: Font): number => {
  if (character > '\u2000') return 1.1;
  // fonts of one width are all within 0.55 and 0.61
  if (font === 'code') return 0.61;
  if (/[mwMW@%]/.test(character)) return 1.05;
  if (/[iljtfrI.,:;!|'()[\] ]/.test(character)) return 0.45;
  return /[A-Z]/.test(character) ? 0.82 : 0.72;
};

/**
 * How wide a text is at most, in pixels. There is no font to measure it with on a server; these are the widths of the
 * widest fonts among those that the drawing asks for.
 */
export function widthOf(text: string, font: Font): number {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character, font);
  return Math.ceil(width * fontSize[font]);
}

/**
 * The fonts in a drawing. `name` is for a state's name, in bold. `code` is for all other text, in a monospaced font.
 */
type Font = 'name' | 'code';

/** The height of a line of text, in pixels. */
export const lineHeight = 16;

/** The size of each font, in pixels. */
const fontSize: Readonly<Record<Font, number>> = { name: 13, code: 11 };

/** How many characters of a text are drawn at most. A longer text ends in an ellipsis. */
const maxCharacters = 60;

const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\uFFFE\uFFFF]+/gu;

/** A text that fits into one line: not too long, and without characters that break the line or turn its direction. */
export function oneLine(text: string): string {
  // twice as many, because a character can take two places in a string
  const characters = Array.from(text.slice(0, 2 * maxCharacters + 2).replace(unprintable, ' '));
  return characters.length > maxCharacters
    ? `${characters.slice(0, maxCharacters - 1).join('')}…`
    : characters.join('');
}

const widthOfCharacter = (character: string, font: Font): number => {
  if (character > '\u2000') return 1.1;
  // in monospaced fonts, a character's width is between 0.55 and 0.61
  if (font === 'code') return 0.61;
  if (/[mwMW@%]/.test(character)) return 1.05;
  if (/[iljtfrI.,:;!|'()[\] ]/.test(character)) return 0.45;
  return /[A-Z]/.test(character) ? 0.82 : 0.72;
};

/**
 * How wide a text is at most, in pixels. A server has no font to measure with, so the widths are those of the widest
 * font among the fonts that the drawing asks for.
 */
export function widthOf(text: string, font: Font): number {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character, font);
  return Math.ceil(width * fontSize[font]);
}

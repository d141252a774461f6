const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  // a reader of XML makes blanks of these in an attribute
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** What XML can't hold, not even escaped: control characters, and halves of characters. */
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** A text as XML and HTML have it, between tags and in attributes. What XML can't hold at all becomes U+FFFD. */
export const escapeXml = (text: string): string =>
  text.replace(forbidden, '\uFFFD').replace(/[&<>"'\t\n\r]/g, (character) => escapes[character] ?? character);

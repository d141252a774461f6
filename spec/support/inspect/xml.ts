/** An element of a document. */
export interface XmlElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** All the text in it, and in what is in it. */
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

function unescape(text: string): string {
  if (/[<\ufffe\uffff]|(?![\n\t\r\u007f-\u009f])\p{Cc}|\p{Cs}|&(?!(?:amp|lt|gt|quot|#\d+);)/u.test(text)) {
    throw new Error(`This is no XML: ${JSON.stringify(text)}`);
  }
  return text.replace(/&(#?)(\w+);/g, (_, number: string, name: string) =>
    number === '' ? String(entities[name]) : String.fromCodePoint(Number(name)),
  );
}

/** Reads XML of the plain kind, and is stricter than a browser: throws at whatever isn't well-formed. */
export function parseXml(xml: string): XmlElement[] {
  const all: { tag: string; attributes: Record<string, string>; text: string }[] = [];
  const open: typeof all = [];
  const token = /<(\/?)([a-z]+)((?: [a-z][\w:-]*="[^"<]*")*)(\/?)>|([^<]+)/giy;
  let end = 0;
  for (let found = token.exec(xml); found !== null; found = token.exec(xml)) {
    end = token.lastIndex;
    const [, closes, tag = '', attributes = '', isEmpty, text] = found;
    if (text !== undefined) {
      for (const element of open) element.text += unescape(text);
    } else if (closes === '/') {
      if (open.pop()?.tag !== tag) throw new Error(`</${tag}> closes nothing`);
    } else {
      const pairs = [...attributes.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(
        ([, name = '', value = '']) => [name, unescape(value)] as const,
      );
      const element = { tag, attributes: Object.fromEntries(pairs), text: '' };
      if (Object.keys(element.attributes).length !== pairs.length) throw new Error(`<${tag}> has an attribute twice`);
      all.push(element);
      if (isEmpty !== '/') open.push(element);
    }
  }
  if (end !== xml.length || open.length > 0) throw new Error(`This is no XML: ${xml.slice(end, end + 60)}`);
  return all;
}

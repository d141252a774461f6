import { request, type IncomingHttpHeaders } from 'node:http';

/** What came back for an HTTP request. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks once, on a connection of its own. */
export function ask(url: string, method = 'GET'): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    asked.on('error', reject).end();
  });
}

/** Prometheus's text: each value by its name with its labels, as they are written there. */
export function values(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', value = ''] = /^(\w+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    if (name === '' || Number.isNaN(Number(value))) throw new Error(`This is no line of Prometheus's: ${line}`);
    found.set(name, Number(value));
  }
  return found;
}

/** One of them; NaN when it isn't there. */
export const valueOf = (text: string, name: string): number => values(text).get(name) ?? NaN;

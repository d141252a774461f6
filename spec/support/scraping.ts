import { request, type IncomingHttpHeaders } from 'node:http';

/** The answer to an HTTP request. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Makes one HTTP request, on a connection of its own. */
export function ask(url: string, method = 'GET'): Promise<HttpAnswer> {
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

/** Reads Prometheus's text format: each value by its name and labels, exactly as the text has them. */
export function values(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', value = ''] = /^(\w+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    if (name === '' || Number.isNaN(Number(value)))
      throw new Error(`This is not a line of Prometheus's text format: ${line}`);
    found.set(name, Number(value));
  }
  return found;
}

/** The value of a name with its labels; NaN when the text doesn't have it. */
export const valueOf = (text: string, name: string): number => values(text).get(name) ?? NaN;

import { describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { echo, serverCore } from '../../server/index';
import { Hub, traceTo } from '../../server/inspect/index';
import { scenario } from '../../server/testing/index';
import { eventually } from '../support/events';
import { connectClient, startServer } from '../support/fixtures';
import { readPage } from '../support/pages';

/** The lines of a page's block of text in which this line is found. */
function blockWith(page: string, line: RegExp): string[] {
  const blocks = [...readPage(`docs/${page}`).matchAll(/^```\w*\n([^]*?)\n```$/gm)];
  const [, block = ''] = blocks.find(([, text = '']) => line.test(text)) ?? [];
  return block.split('\n');
}

/** The lines of a page that aren't printed, or not behind those before them. */
function notIn(printed: readonly string[], lines: readonly string[]): string[] {
  let from = 0;
  return lines.filter((line) => {
    const at = printed.indexOf(line, from);
    if (at >= 0) from = at + 1;
    return at < 0;
  });
}

describe('The trace in docs/inspecting.md', () => {
  it('has lines that traceTo writes, in that order', async () => {
    const { server, port } = await startServer({ protocol: echo });
    const hub = new Hub();
    hub.attach(server.actor);
    let text = '';
    const trace = traceTo(
      hub,
      new Writable({
        write: (chunk: Buffer, _, done) => {
          text += chunk.toString();
          done();
        },
      }),
    );
    const client = await connectClient(port);
    await client.send('hello');
    await client.receive(5);
    client.end();
    await eventually(() => text.includes('is done'));
    trace.stop();
    const withoutTime = (lines: readonly string[]): string[] => lines.map((line) => line.slice(12));
    const lines = withoutTime(blockWith('inspecting.md', /_socketControl\.destroy/));
    expect(lines.length).toBeGreaterThan(5);
    expect(notIn(withoutTime(text.split('\n')), lines)).toEqual([]);
  });
});

describe('The failure in docs/testing.md', () => {
  it('has lines that a scenario prints, in that order', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const [ada] = await s.clients('ada', 'bob');
    await ada.sends('hello');
    const failure: unknown = await ada.receives('HELLO').catch((error: unknown) => error);
    const lines = blockWith('testing.md', /^ScenarioError/);
    expect(lines.length).toBeGreaterThan(10);
    expect(notIn(String(failure).split('\n'), lines)).toEqual([]);
  });
});

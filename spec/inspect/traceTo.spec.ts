import { describe, expect, it } from '@jest/globals';
import { PassThrough, Writable } from 'node:stream';
import { createMachine, type AnyActor } from 'xstate';
import { echo } from '../../server/index';
import { Hub } from '../../server/inspect/hub/hub';
import { traceTo } from '../../server/inspect/trace/traceTo';
import { TraceLines } from '../../server/inspect/trace/traceLines';
import { starting, tell } from '../support/actors';
import { eventually } from '../support/events';
import { atEnd, connectClient, startServer } from '../support/fixtures';
import { turn } from '../support/serving';
import { observed } from '../support/inspect/onlooker';

const toggle = createMachine({
  id: 'toggle',
  initial: 'off',
  states: { off: { on: { x: 'on' } }, on: { on: { x: 'off' } } },
});

describe('traceTo', () => {
  const { start } = starting();

  const tracing = (actor: AnyActor, stream: Writable, hub = new Hub()): { stop(): void } => {
    hub.attach(actor);
    const trace = traceTo(hub, stream);
    atEnd(() => {
      trace.stop();
    });
    return trace;
  };

  /** Keeps all that is written, in lines. */
  const memory = (): { stream: Writable; lines: () => string[] } => {
    let text = '';
    const stream = new Writable({
      write: (chunk: Buffer, _, done) => {
        text += chunk.toString();
        done();
      },
    });
    return { stream, lines: () => text.split('\n').slice(0, -1) };
  };

  it('writes one line for each thing that happens, in columns', async () => {
    const { server, port } = await startServer({ protocol: echo });
    const { stream, lines } = memory();
    tracing(server.actor as unknown as AnyActor, stream);
    const client = await connectClient(port);
    await client.send('x');
    await client.receive(1);
    client.end();
    await eventually(() => lines().some((line) => line.includes('connection:1 ') && line.includes('is done')));
    const columns = /^(\d\d:\d\d:\d\d\.\d{3} +)(\S+ +)(is .*|→ .*|emits .*|has failed .*|.* → .*)$/;
    const split = lines().map((line) => columns.exec(line) ?? [line]);
    for (const [line, moment, name] of split) {
      expect(line).toMatch(columns);
      expect(moment).toHaveLength(split[0]?.[1]?.length ?? 0);
      // a name that is longer than its column has one space behind it
      const width = split[0]?.[2]?.length ?? 0;
      expect(name).toHaveLength(Math.max(width, (name?.trimEnd().length ?? 0) + 1));
    }
    const bare = lines().map((line) => line.split(/\s+/).slice(1).join(' '));
    expect(bare[0]).toBe('serverCore is born');
    expect(bare).toContain('connections/connection:1 → connection:1/protocol inbox');
    expect(bare).toContain('connection:1/protocol emits outbox');
  });

  it('tells each of parallel states from the top, however deep they are', async () => {
    const region = { initial: 'off', states: { off: { on: { x: 'on' } }, on: {} } } as const;
    const both = { type: 'parallel', states: { left: region, right: region, idle: {} } } as const;
    const root = start(createMachine({ id: 'lamps', initial: 'lit', states: { lit: both } }));
    const { stream, lines } = memory();
    tracing(root, stream);
    tell(root, { type: 'x' });
    const after = 'lit.left.on, lit.right.on, lit.idle';
    await eventually(() => lines().some((line) => line.includes(after)));
    expect(lines().at(-1)).toContain(`lit.left.off, lit.right.off, lit.idle → ${after}`);
  });

  it('lets no name and no type leave its line, or do anything to the terminal', async () => {
    const root = start(toggle);
    const { stream, lines } = memory();
    tracing(root, stream);
    await turn();
    const before = lines().length;
    tell(root, { type: 'a\nb\r\u001b[31m\u0007\u009b\u007f\u2028\u2029\u202e\u2066c' });
    await eventually(() => lines().length > before);
    const [line, ...others] = lines().slice(before);
    expect(others).toEqual([]);
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
    expect(line).toContain('a\\u000ab\\u000d\\u001b[31m\\u0007\\u009b\\u007f\\u2028\\u2029\\u202e\\u2066c');
  });

  it('waits for a stream that is slow, and says how much it has missed', async () => {
    const root = start(toggle);
    const stream = new PassThrough({ highWaterMark: 100 });
    tracing(root, stream);
    await turn();
    await turn();
    for (let n = 0; n < 5_000; n += 1) tell(root, { type: 'x' });
    for (let n = 0; n < 10; n += 1) await turn();
    // one part, and no more until it was read
    expect(stream.readableLength + stream.writableLength).toBeLessThan(100_000);
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await eventually(() => text.includes('more, not shown'));
    const missing = [...text.matchAll(/… (\d+) more, not shown/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    const shown = [...text.matchAll(/outside .*→ toggle/g)].length;
    expect(shown + missing).toBe(5_000);
  });

  it('writes nothing to a stream that is full, however often there is something', async () => {
    const root = start(toggle);
    const stream = new PassThrough({ highWaterMark: 100 });
    tracing(root, stream);
    for (let n = 0; n < 200; n += 1) {
      await turn();
      tell(root, { type: 'x' });
    }
    expect(stream.readableLength + stream.writableLength).toBeLessThan(1_000);
    expect(stream.listenerCount('drain')).toBeLessThan(3);
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await eventually(() => [...text.matchAll(/outside .*→ toggle/g)].length === 200);
  });

  it('writes nothing to a stream that was ended, and stops', async () => {
    const root = start(toggle);
    const isObserved = observed(root);
    const stream = new PassThrough();
    tracing(root, stream);
    await turn();
    await turn();
    const before = stream.readableLength;
    stream.end();
    tell(root, { type: 'x' });
    await eventually(() => !isObserved());
    expect(stream.readableLength).toBe(before);
    expect(stream.destroyed).toBe(false);
    stream.destroy();
  });

  it('stops when it is told to, and when the stream closes', async () => {
    for (const end of [
      (trace: { stop(): void }) => {
        trace.stop();
      },
      (_: unknown, stream: Writable) => stream.destroy(),
    ]) {
      const root = start(toggle);
      const isObserved = observed(root);
      const { stream, lines } = memory();
      const trace = tracing(root, stream);
      await turn();
      await turn();
      expect(isObserved()).toBe(true);
      const before = lines().length;
      expect(before).toBeGreaterThan(0);
      tell(root, { type: 'x' });
      end(trace, stream);
      await turn();
      await turn();
      expect(isObserved()).toBe(false);
      expect(lines()).toHaveLength(before);
      expect(['close', 'drain'].map((name) => stream.listenerCount(name))).toEqual([0, 0]);
    }
  });
});

describe('TraceLines', () => {
  const at = Date.UTC(2026, 0, 1, 9, 41, 7, 215);
  const born = { type: 'born', at, kind: 'machine', session: 'x:1' } as const;

  it('writes each record in one line', () => {
    const lines = new TraceLines();
    const of = (record: Parameters<TraceLines['of']>[0]): string | undefined =>
      lines.of(record)?.replace(/ {2,}/g, ' | ');
    const time = '09:41:07.215';
    const machine = { type: 'definition', id: 1, name: 'x', config: '{}' } as const;
    expect(of(machine)).toBeUndefined();
    expect(of({ ...born, id: 1, name: 'server' })).toBe(`${time} | server | is born`);
    expect(of({ ...born, id: 2, parent: 1, name: 'child' })).toBe(`${time} | server/child | is born`);
    expect(of({ ...born, id: 3, parent: 2, name: 'own' })).toBe(`${time} | child/own | is born`);
    expect(of({ type: 'watched', at, id: 3, status: 'active' })).toBeUndefined();
    expect(of({ type: 'watched', at, id: 2, status: 'active', value: { a: { b: {} }, c: 'd' } })).toBe(
      `${time} | server/child | is a.b, c.d`,
    );
    expect(of({ type: 'snapshot', at, id: 2, status: 'active', event: 'e', value: 'f' })).toBe(
      `${time} | server/child | a.b, c.d → f | e`,
    );
    expect(of({ type: 'snapshot', at, id: 2, status: 'active', event: 'e', value: 'f' })).toBeUndefined();
    expect(of({ type: 'event', at, target: 2, event: { type: 'e' } })).toBe(`${time} | outside | → server/child | e`);
    expect(of({ type: 'event', at, source: 3, target: 2, event: { type: 'e', payload: { n: 1 } } })).toBe(
      `${time} | child/own | → server/child | e {"n":1}`,
    );
    expect(of({ type: 'emitted', at, source: 3, event: { type: 'e', payload: [1] } })).toBe(
      `${time} | child/own | emits | e [1]`,
    );
    expect(of({ type: 'died', at, id: 3, status: 'error', error: 'TypeError' })).toBe(
      `${time} | child/own | has failed | TypeError`,
    );
    expect(of({ type: 'died', at, id: 2, status: 'done' })).toBe(`${time} | server/child | is done`);
    expect(of({ type: 'died', at, id: 1, status: 'stopped' })).toBe(`${time} | server | is stopped`);
    expect(of({ type: 'event', at, target: 2, event: { type: 'e' } })).toBe(`${time} | outside | → #2 | e`);
    expect(of({ type: 'dropped', events: 5 })).toBe(' | … 5 more, not shown');
    expect(of({ type: 'reset' })).toContain('what lives now');
  });
});

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { Hub } from '../../server/inspect/hub/hub';
import type { HubSubscription } from '../../server/inspect/hub/hubSubscription';
import type { InspectionRecord } from '../../server/inspect/records';
import { emitted, eventually } from '../support/events';
import { openClient, startServer } from '../support/fixtures';
import { inspect, Page } from '../support/inspect/inspecting';

/** The subscription of a page, which a spec plays itself. */
class PlayedSubscription implements HubSubscription {
  readonly onRecords: () => void;
  readonly watched: (readonly [readonly number[], number])[] = [];
  readonly takenAt: number[] = [];
  readonly limits: number[] = [];
  hasLeft = false;
  readonly #records: () => InspectionRecord[];

  constructor(onRecords: () => void, records: () => InspectionRecord[]) {
    this.onRecords = onRecords;
    this.#records = records;
  }

  watch(ids: Iterable<number>, auto: number): void {
    this.watched.push([[...ids], auto]);
  }

  take(limit: number): InspectionRecord[] {
    this.limits.push(limit);
    this.takenAt.push(performance.now());
    return this.#records();
  }

  leave(): void {
    this.hasLeft = true;
  }
}

/** A hub whose subscriptions all give what `records` makes. */
function playedHub(records: () => InspectionRecord[]): {
  readonly hub: Hub;
  readonly subscriptions: PlayedSubscription[];
} {
  const subscriptions: PlayedSubscription[] = [];
  const join = (onRecords: () => void): HubSubscription => {
    const subscription = new PlayedSubscription(onRecords, records);
    subscriptions.push(subscription);
    return subscription;
  };
  const hub = { context: true, payloads: true, join, machineOf: () => undefined };
  return { hub: hub as Partial<Hub> as Hub, subscriptions };
}

const nothing = (): InspectionRecord[] => [];
const gap: InspectionRecord = { type: 'dropped', events: 1 };

afterEach(() => {
  jest.restoreAllMocks();
});

describe("An inspector's page", () => {
  it('is told who lives, parents first, then what happens to those that it watches', async () => {
    const started = await startServer();
    const first = await openClient(started);
    const hub = new Hub({ payloads: true });
    hub.attach(started.server.actor);
    const page = await Page.open(await inspect(hub));
    expect(await page.hear('hello')).toEqual({ type: 'hello', version: 1, context: false, payloads: true });
    const ids = new Map<string, number>();
    await page.record((record) => {
      if (record.type !== 'born') return false;
      expect(record.parent === undefined || [...ids.values()].includes(record.parent)).toBe(true);
      ids.set(record.name, record.id);
      return record.name === 'protocol';
    });
    expect([...ids.keys()]).toEqual(expect.arrayContaining(['serverCore', 'connections', 'connection:1', 'protocol']));

    page.say({ type: 'watch', ids: [ids.get('connection:1') ?? -1, 123_456], auto: 0 });
    const watched = await page.record(({ type }) => type === 'watched');
    expect(watched).toMatchObject({ id: ids.get('connection:1'), status: 'active', value: { open: 'flowing' } });
    await first.send('hello');
    const sent = await page.record((record) => record.type === 'event' && record.event.type === 'inbox');
    expect(sent).toMatchObject({ source: ids.get('connection:1'), target: ids.get('protocol') });

    const closed = emitted(started.server, 'connection.closed');
    first.end();
    await closed;
    const died = await page.record((record) => record.type === 'died' && record.id === ids.get('connection:1'));
    expect(died).toMatchObject({ status: 'done' });
  });

  it('gets the chart of a definition, or hears why there is none', async () => {
    const { server } = await startServer();
    const hub = new Hub();
    hub.attach(server.actor);
    const page = await Page.open(await inspect(hub));
    page.say({ type: 'watch', ids: [], auto: 10 });
    const definition = await page.record((record) => record.type === 'definition' && record.name === 'serverCore');
    page.say({ type: 'chart', definition: (definition as { id: number }).id });
    const { svg } = await page.hear('chart');
    expect(svg).toMatch(/^<svg .*class="chart"/);
    expect(svg).toContain('data-state="listening.accepting"');
    page.say({ type: 'chart', definition: 99 });
    expect(await page.hear('chart')).toEqual({ type: 'chart', definition: 99, error: 'There is no such machine.' });
  });

  it.each([
    ['no JSON', 'x'],
    ['nothing', ''],
    ['null', 'null'],
    ['a number', '1'],
    ['a list', '[]'],
    ['an unknown type', '{"type":"hello"}'],
    ['no ids', '{"type":"watch","auto":0}'],
    ['no auto', '{"type":"watch","ids":[]}'],
    ['ids that are no list', '{"type":"watch","ids":{"length":1},"auto":0}'],
    ['an id that is a string', '{"type":"watch","ids":["1"],"auto":0}'],
    ['an id that is NaN', '{"type":"watch","ids":[null],"auto":0}'],
    ['an id with a fraction', '{"type":"watch","ids":[1.5],"auto":0}'],
    ['an id below 0', '{"type":"watch","ids":[-1],"auto":0}'],
    ['an id that is too large', '{"type":"watch","ids":[9007199254740993],"auto":0}'],
    ['too many ids', JSON.stringify({ type: 'watch', ids: Array(1_001).fill(1), auto: 0 })],
    ['infinite auto', '{"type":"watch","ids":[],"auto":1e999}'],
    ['too large an auto', '{"type":"watch","ids":[],"auto":1001}'],
    ['a chart of nothing', '{"type":"chart"}'],
    ['a chart by name', '{"type":"chart","definition":"1"}'],
  ])('is closed when it sends %s, and nothing that it sent after is obeyed', async (_, text) => {
    const { hub, subscriptions } = playedHub(nothing);
    const page = await Page.open(await inspect(hub));
    page.say({ type: 'watch', ids: [3], auto: 7 });
    page.socket.send(text);
    page.say({ type: 'watch', ids: [4], auto: 8 });
    expect(await page.closed).toBe(1008);
    await eventually(() => subscriptions[0]?.hasLeft === true);
    expect(subscriptions[0]?.watched).toEqual([[[3], 7]]);
  });

  it('is closed when it sends bytes, or more than 64 KiB', async () => {
    const { hub, subscriptions } = playedHub(nothing);
    const inspector = await inspect(hub);
    const [bytes, long, right] = [
      await Page.open(inspector),
      await Page.open(inspector),
      await Page.open(inspector),
    ] as const;
    bytes.socket.send(Buffer.from('{"type":"watch","ids":[],"auto":0}'));
    long.socket.send(JSON.stringify({ type: 'watch', ids: [], auto: 0, more: 'x'.repeat(65_536) }));
    expect(await bytes.closed).toBe(1008);
    expect(await long.closed).toBe(1009);
    right.say({ type: 'watch', ids: Array<number>(1_000).fill(Number.MAX_SAFE_INTEGER), auto: 1_000 });
    await eventually(() => subscriptions[2]?.watched.length === 1);
    expect(subscriptions.map(({ watched }) => watched.length)).toEqual([0, 0, 1]);
  });

  it('is sent a batch at once, and the next not before 50 ms have passed', async () => {
    const { hub, subscriptions } = playedHub(() => [gap]);
    const page = await Page.open(await inspect(hub));
    for (let batches = 0; batches < 10; batches += 1) expect((await page.hear('batch')).records).toEqual([gap]);
    const [{ takenAt, limits }] = subscriptions as [PlayedSubscription];
    // a timer may go off a millisecond early
    for (const [at, time] of takenAt.slice(1).entries()) expect(time - (takenAt[at] ?? 0)).toBeGreaterThan(48);
    expect(new Set(limits)).toEqual(new Set([1_000]));
  });

  it('is not sent anything while there is nothing', async () => {
    const records: InspectionRecord[] = [];
    const { hub, subscriptions } = playedHub(() => records.splice(0));
    const page = await Page.open(await inspect(hub));
    await eventually(() => subscriptions[0]?.limits.length === 1);
    records.push(gap);
    subscriptions[0]?.onRecords();
    subscriptions[0]?.onRecords();
    // never in the middle of what the hub does
    expect(subscriptions[0]?.limits.length).toBe(1);
    expect((await page.hear('batch')).records).toEqual([gap]);
    // once more, to see that nothing has come meanwhile
    await eventually(() => subscriptions[0]?.limits.length === 3);
    expect(records).toEqual([]);
  });

  it('is not waited for when it reads nothing: the hub keeps what it does not take', async () => {
    const large: InspectionRecord = { ...gap, text: 'x'.repeat(4_000_000) } as InspectionRecord;
    const { hub, subscriptions } = playedHub(() => [large]);
    const inspector = await inspect(hub);
    const stuck = await Page.open(inspector);
    stuck.socket.pause();
    const reading = await Page.open(inspector);
    for (let batches = 0; batches < 30; batches += 1) {
      await reading.hear('batch');
      subscriptions[0]?.onRecords();
    }
    const [ofStuck, ofReading] = subscriptions.map(({ limits }) => limits.length) as [number, number];
    expect(ofReading).toBeGreaterThanOrEqual(30);
    // what the kernel has room for
    expect(ofStuck).toBeLessThan(12);
    stuck.socket.resume();
    for (let batches = 0; batches < 15; batches += 1) await stuck.hear('batch');
    stuck.socket.pause();
    await inspector.stop();
  });

  it('leaves the hub when it closes, breaks off, or the inspector stops', async () => {
    const { hub, subscriptions } = playedHub(() => [gap]);
    const inspector = await inspect(hub);
    const pages = [await Page.open(inspector), await Page.open(inspector), await Page.open(inspector)] as const;
    for (const page of pages) await page.hear('batch');
    pages[0].socket.close();
    pages[1].socket.terminate();
    await eventually(() => subscriptions[0]?.hasLeft === true && subscriptions[1]?.hasLeft === true);
    expect(subscriptions[2]?.hasLeft).toBe(false);
    await pages[2].hear('batch');
    await inspector.stop();
    await eventually(() => subscriptions[2]?.hasLeft === true);
    expect(await pages[2].closed).toBe(1001);
  });

  it('is forgotten with its socket when it closes', async () => {
    const { hub, subscriptions } = playedHub(() => [gap]);
    const inspector = await inspect(hub);
    const page = await Page.open(inspector);
    await page.hear('batch');
    page.socket.close();
    await page.closed;
    await eventually(() => subscriptions[0]?.hasLeft === true);
    // the server's end closes in a turn of its own
    await eventually(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'));
    const taken = subscriptions[0]?.limits.length;
    const destroy = jest.spyOn(Socket.prototype, 'destroy');
    await inspector.stop();
    expect(subscriptions[0]?.limits.length).toBe(taken);
    expect(destroy).not.toHaveBeenCalled();
  });

  it('is dropped when it has not answered a ping by the next', async () => {
    const beats: (() => void)[] = [];
    const real = setInterval;
    jest.spyOn(globalThis, 'setInterval').mockImplementation(((beat: () => void, time: number) => {
      if (time === 30_000) beats.push(beat);
      return real(beat, time);
    }) as typeof setInterval);
    const { hub } = playedHub(nothing);
    const inspector = await inspect(hub);
    const silent = await Page.open(inspector, { autoPong: false });
    const alive = await Page.open(inspector);
    expect(beats).toHaveLength(2);
    for (let round = 0; round < 3; round += 1) {
      const pinged = once(alive.socket, 'ping');
      for (const beat of beats) beat();
      await pinged;
      // comes after the pong, so that its answer shows that the pong has come
      alive.say({ type: 'chart', definition: 1 });
      await alive.hear('chart');
    }
    expect(await silent.closed).toBe(1006);
  });

  it('is refused when 32 look already, until one leaves', async () => {
    const { hub, subscriptions } = playedHub(nothing);
    const inspector = await inspect(hub);
    const pages: Page[] = [];
    for (let count = 0; count < 32; count += 1) pages.push(await Page.open(inspector));
    await expect(Page.open(inspector)).rejects.toThrow('Unexpected server response: 503');
    pages[0]?.socket.close();
    await eventually(() => subscriptions[0]?.hasLeft === true);
    expect(await (await Page.open(inspector)).hear('hello')).toMatchObject({ type: 'hello' });
  });

  it('alone is closed when something of ours fails', async () => {
    let isBroken = false;
    const { hub, subscriptions } = playedHub(() => {
      if (isBroken) throw new Error('take is broken');
      return [gap];
    });
    const inspector = await inspect(hub);
    const page = await Page.open(inspector);
    await page.hear('batch');
    isBroken = true;
    const [code, reason] = (await once(page.socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([1011, 'Error: take is broken']);
    await eventually(() => subscriptions[0]?.hasLeft === true);
    isBroken = false;
    await (await Page.open(inspector)).hear('batch');
    const join = (): never => {
      throw new Error('join is broken');
    };
    const unwilling = await inspect({ join } as Partial<Hub> as Hub);
    expect(await (await Page.open(unwilling)).closed).toBe(1011);
  });
});

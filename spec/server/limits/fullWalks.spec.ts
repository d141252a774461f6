import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { serverCore, type NearCapacity, type WhenBusy } from '../../../server/index';
import { assertConnections, scenario, type TestPeer } from '../../../server/testing/index';
import { capacityTold, exemptible } from '../../support/capacity';

/** What can happen to a server's places. `client` is the number of the client that leaves or becomes exempt. */
type Step =
  | { readonly type: 'come' | 'suspend' | 'resume' }
  | { readonly type: 'leave' | 'exempt'; readonly client: number }
  | { readonly type: 'places'; readonly maxConnections: number }
  | { readonly type: 'near'; readonly nearCapacity: NearCapacity };

interface Start {
  readonly maxConnections: number;
  readonly whenBusy: WhenBusy;
  readonly nearCapacity: NearCapacity;
}

/** Gives places and reports on them as a server must, but without a chart. */
class Reference {
  readonly told: string[] = [];
  /** Whether each connection is exempt, by the number of its client. */
  readonly open = new Map<number, boolean>();
  queue: number[] = [];
  #places: number;
  #near: NearCapacity;
  readonly #whenBusy: WhenBusy;
  #isSuspended = false;
  #isFull = false;
  #isNear = false;

  constructor({ maxConnections, whenBusy, nearCapacity }: Start) {
    this.#places = maxConnections;
    this.#whenBusy = whenBusy;
    this.#near = nearCapacity;
  }

  get #counted(): number {
    return [...this.open.values()].filter((isExempt) => !isExempt).length;
  }

  take(step: Step, client: number): void {
    switch (step.type) {
      case 'come':
        if (this.#isSuspended) break;
        if (!this.#isFull) this.open.set(client, false);
        else if (this.#whenBusy === 'queue') this.queue.push(client);
        break;
      case 'leave':
        this.open.delete(client);
        break;
      case 'exempt':
        if (this.open.has(client)) this.open.set(client, true);
        break;
      case 'places':
        this.#places = step.maxConnections;
        break;
      case 'near':
        this.#near = step.nearCapacity;
        break;
      default:
        this.#isSuspended = step.type === 'suspend';
    }
    this.#settle();
  }

  #settle(): void {
    while (this.queue.length > 0 && this.#counted < this.#places) this.open.set(this.queue.shift() ?? 0, false);
    const counted = this.#counted;
    const share = counted / this.#places;
    const isNear = this.#isNear ? share >= this.#near.until : share >= this.#near.from;
    if (isNear !== this.#isNear) {
      this.told.push(`${isNear ? 'near' : 'far'} with ${String(counted)} of ${String(this.#places)}`);
    }
    this.#isNear = isNear;
    const isFull = counted >= this.#places;
    if (isFull === this.#isFull || this.#isSuspended) return;
    this.told.push(`${isFull ? 'full' : 'accepting'} with ${String(counted)}`);
    this.#isFull = isFull;
  }
}

const share = fc.integer({ min: 1, max: 10 }).map((tenths) => tenths / 10);
const nearCapacity = fc.tuple(share, share).map(([a, b]) => ({ from: Math.max(a, b), until: Math.min(a, b) }));
const maxConnections = fc.integer({ min: 1, max: 6 });
const client = fc.nat({ max: 20 });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Step>({ type: 'come' }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant<'leave'>('leave'), client }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant<'exempt'>('exempt'), client }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant<'places'>('places'), maxConnections }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant<'near'>('near'), nearCapacity }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ type: 'suspend' }, { type: 'resume' }) },
);

const start: fc.Arbitrary<Start> = fc.record({
  maxConnections,
  whenBusy: fc.constantFrom<WhenBusy>('reject', 'queue', 'refuse'),
  nearCapacity,
});

/** Sorts the reports of one step: reports on nearness and on places may come in any order. */
const inOrder = (told: readonly string[]): string => [...told].sort().join(', ');

/** Takes a server and the reference through the steps, and throws where they differ. */
async function walk(options: Start, steps: readonly Step[]): Promise<void> {
  const { protocol } = exemptible();
  await using s = await scenario(serverCore, { protocol, ...options });
  const reference = new Reference(options);
  const clients = new Map<number, TestPeer>();
  let came = 0;
  for (const each of steps) {
    const open = [...reference.open.keys()];
    const number = 'client' in each ? (open[each.client % open.length] ?? -1) : (came += 1);
    const before = [capacityTold(s).length, reference.told.length] as const;
    switch (each.type) {
      case 'come':
        clients.set(number, await s.client());
        break;
      case 'leave':
        await clients.get(number)?.leaves();
        break;
      case 'exempt':
        await clients.get(number)?.sends('!');
        break;
      case 'places':
        await s.send({ type: 'control.configure', options: { maxConnections: each.maxConnections } });
        break;
      case 'near':
        await s.send({ type: 'control.configure', options: { nearCapacity: each.nearCapacity } });
        break;
      default:
        await s.send({ type: `control.${each.type}` });
    }
    reference.take(each, number);
    assertConnections(s, reference.open.size);
    const [told, expected] = [capacityTold(s).slice(before[0]), reference.told.slice(before[1])].map(inOrder);
    if (told !== expected) throw s.failure(`After ${each.type} it told "${told ?? ''}", not "${expected ?? ''}"`);
  }
  const waiting = s.server.getSnapshot().context.queue.length;
  if (waiting !== reference.queue.length) throw s.failure(`${String(waiting)} wait`);
}

describe('A ServerCore whose places come and go at random', () => {
  it('takes whom it should, and tells each change of its places once', async () => {
    const walks = fc.asyncProperty(start, fc.array(step, { maxLength: 40 }), walk);
    await expect(fc.assert(walks, { numRuns: 150 })).resolves.toBeUndefined();
  });
});

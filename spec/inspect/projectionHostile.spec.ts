import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Socket } from 'node:net';
import { runInNewContext } from 'node:vm';
import { project } from '../../server/inspect/hub/projection';
import { heldBytes } from '../support/heap';
import { inCi } from '../support/thoroughness';

/** Fails the spec if it is called; what it throws could be caught. */
const trap = (ran: string[], name: string) => (): never => {
  ran.push(name);
  throw new Error(name);
};

/** More characters than what 500 values with 5,000 characters, all of them control characters, take. */
const longest = 60_000;

describe('project, given a value that is hostile', () => {
  it('runs no code of it', () => {
    const ran: string[] = [];
    const at = (name: string): (() => never) => trap(ran, name);
    const getters = (names: readonly PropertyKey[]): PropertyDescriptorMap =>
      Object.fromEntries(names.map((name) => [name, { get: at(String(name)), enumerable: true, configurable: true }]));
    const common = ['a', 'toJSON', 'toString', 'valueOf', 'constructor', 'length', 'size', 'name', 'message', 'then'];
    const proxy = (target: object): object =>
      new Proxy(target, new Proxy({}, { get: (_, name) => at(`trap ${String(name)}`) }));
    const buffer = Buffer.from('abc');
    Object.defineProperties(buffer, getters(['byteLength', 'byteOffset', 'buffer', 'length', 'toString']));
    class Bytes extends Uint8Array {
      override get byteLength(): never {
        return at('byteLength')();
      }
      override get buffer(): never {
        return at('buffer')();
      }
    }
    class OddMap extends Map<unknown, unknown> {
      override entries = at('entries');
      override [Symbol.iterator] = at('iterator');
    }
    const map = new Map([['a', 1]]);
    Object.defineProperties(map, getters(['size', 'entries', Symbol.iterator, 'forEach']));
    const set = new Set([1]);
    Object.defineProperties(set, getters(['size', 'values', Symbol.iterator]));
    const date = new Date(0);
    Object.defineProperties(date, getters(['getTime', 'toISOString', 'toJSON', Symbol.toPrimitive]));
    const array = [1, 2];
    Object.defineProperties(array, getters(['0', 'map', Symbol.iterator, 'toJSON']));
    const error = new Error('text');
    Object.defineProperties(error, getters(['name', 'cause', 'message']));
    const named = Object.defineProperties(() => undefined, getters(['name', 'toString']));
    const odd = function () {
      return;
    } as unknown as new () => object;
    Object.defineProperties(odd, getters(['name']));
    Object.defineProperties(odd.prototype, getters(['constructor', Symbol.toStringTag]));
    const callable = proxy(() => undefined);
    const values: unknown[] = [
      Object.defineProperties({}, getters(common)),
      Object.defineProperties(Object.create(null), getters(common)),
      Object.create(Object.defineProperties({}, getters(common))),
      Object.create(proxy({})),
      Object.create({ constructor: proxy(() => undefined) }),
      { [Symbol.toStringTag]: at('tag'), [Symbol.toPrimitive]: at('primitive'), toJSON: at('toJSON') },
      ...[{}, [], map, new Date(), buffer, error].map(proxy),
      Proxy.revocable({}, {}).proxy,
      callable,
      ...[buffer, new Bytes(3), new OddMap([[1, 2]]), map, set, date, array, error, named, new odd()],
      { get password(): never { return at('password')(); } }, // prettier-ignore
    ];
    for (const value of values) {
      const shown = project([value, { value }, new Map([[value, value]]), new Set([value])]);
      expect(JSON.stringify(shown)).toEqual(expect.any(String));
    }
    const { proxy: revoked, revoke } = Proxy.revocable(() => undefined, {});
    revoke();
    expect(project(revoked)).toEqual({ $function: '' });
    expect(ran).toEqual([]);
    expect(project(buffer)).toEqual({ $bytes: 3, first: '61 62 63' });
    expect(project(new Bytes(3))).toEqual({ $bytes: 3, first: '00 00 00' });
    expect(project(map)).toEqual({ $map: [['a', 1]] });
    expect(project(set)).toEqual({ $set: [1] });
    expect(project(date)).toEqual({ $date: '1970-01-01T00:00:00.000Z' });
    expect(project(array)).toEqual([{ $getter: true }, 2]);
    expect(project(error)).toEqual({ $error: 'Error' });
    expect(project(new OddMap([[1, 2]]))).toEqual({ $instance: 'OddMap' });
    expect(project(new odd())).toEqual({ $instance: 'anonymous class' });
    expect(project(callable)).toEqual({ $function: '' });
  });

  it('says so of bytes that are no longer there', () => {
    const gone = { $bytes: 0, first: '' };
    const views = [
      (buffer: ArrayBuffer) => buffer,
      (buffer: ArrayBuffer) => new Uint8Array(buffer),
      (buffer: ArrayBuffer) => Buffer.from(buffer, 2, 3),
      (buffer: ArrayBuffer) => new Float64Array(buffer, 8),
      (buffer: ArrayBuffer) => new DataView(buffer),
    ];
    for (const view of views) {
      const buffer = new ArrayBuffer(16);
      const value = view(buffer);
      structuredClone(buffer, { transfer: [buffer] });
      expect(project(value)).toEqual(gone);
    }
  });

  it('takes values of another realm for what they are', () => {
    const made = runInNewContext(
      `({ plain: { a: 1 }, list: [1], map: new Map([[1, 2]]), set: new Set([1]), date: new Date(0), error: new TypeError('x'), bytes: new Uint8Array(2), view: new DataView(new ArrayBuffer(1)), none: Object.create(null) })`,
    ) as object;
    expect(project(made)).toEqual({
      plain: { a: 1 },
      list: [1],
      map: { $map: [[1, 2]] },
      set: { $set: [1] },
      date: { $date: '1970-01-01T00:00:00.000Z' },
      error: { $error: 'TypeError: x' },
      bytes: { $bytes: 2, first: '00 00' },
      view: { $bytes: 1, first: '00' },
      none: {},
    });
  });

  it('does as much work for much as for little', () => {
    const deep: unknown[] = [];
    let last = deep;
    for (let n = 0; n < 10_000; n += 1) last.push((last = []));
    const sparse: unknown[] = [];
    sparse.length = 1e9;
    const socket = new Socket();
    const much = [
      deep,
      sparse,
      socket,
      Buffer.alloc(64 * 1024 * 1024),
      new Uint8Array(64 * 1024 * 1024).buffer,
      2n ** 1_000_000n,
      'x'.repeat(2 ** 28),
      new Error('x'.repeat(2 ** 28)),
      { ['x'.repeat(2 ** 28)]: 1 },
      new Map(Array.from({ length: 100_000 }, (_, n) => [n, n])),
      new Set(Array.from({ length: 100_000 }, (_, n) => n)),
      Array.from({ length: 100_000 }, (_, n) => ({ n })),
    ];
    project(much);
    const before = process.cpuUsage();
    for (let n = 0; n < 10; n += 1) project(much);
    // of this process alone: how busy others keep the machine makes no difference
    const { user, system } = process.cpuUsage(before);
    // a text of the socket, or of the number, would take seconds alone
    expect((user + system) / 1_000).toBeLessThan(1_000);
    expect(project(socket)).toEqual({ $instance: 'Socket' });
    expect(project(sparse)).toHaveLength(51);
    expect(project(much[3])).toMatchObject({ $bytes: 67_108_864 });
    expect(project(much[6])).toMatchObject({ length: 2 ** 28 });
  });

  it('keeps nothing of a long text but what it shows', () => {
    const before = heldBytes();
    const shown = Array.from({ length: 100 }, (_, n) => project(Buffer.alloc(1_000_000, n + 65).toString('latin1')));
    expect(heldBytes() - before).toBeLessThan(20_000_000);
    expect(shown).toHaveLength(100);
  });

  it('makes JSON of a bounded length of whatever there is', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      key: fc.oneof(fc.string(), fc.constantFrom('__proto__', '$more', '$', 'toJSON', 'constructor', 'password')),
      maxDepth: 5,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const json = JSON.stringify(project(value));
        expect(json.length).toBeLessThan(longest);
      }),
      { numRuns: inCi(200, 60) },
    );
  });

  it('makes JSON of a bounded length of what is as large as can be', () => {
    const text = '\u0000'.repeat(300);
    const large = (depth: number): unknown =>
      depth === 0
        ? text
        : Object.fromEntries(Array.from({ length: 60 }, (_, n) => [String(n) + text, large(depth - 1)]));
    expect(JSON.stringify(project(large(2))).length).toBeLessThan(longest);
    expect(JSON.stringify(project([large(2), new Map([[large(1), large(2)]]), large(2)])).length).toBeLessThan(longest);
  });
});

import { describe, expect, it } from '@jest/globals';
import { project, projectionLimits, secretKeys } from '../../server/inspect/hub/projection';
import type { Shown } from '../../server/inspect/records';

class Account {
  readonly owner = 'me';
}

describe('project', () => {
  it.each<[unknown, Shown]>([
    [null, null],
    [true, true],
    [-1.5, -1.5],
    ['text', 'text'],
    [undefined, { $undefined: true }],
    [NaN, { $number: 'NaN' }],
    [-Infinity, { $number: '-Infinity' }],
    [12n, { $bigint: '12' }],
    [-(2n ** 255n), { $bigint: String(-(2n ** 255n)) }],
    [2n ** 255n, { $bigint: 'more than 256 bits' }],
    [Symbol('text'), { $symbol: 'text' }],
    [Symbol(), { $symbol: '' }],
    [Symbol.iterator, { $symbol: 'Symbol.iterator' }],
    [() => undefined, { $function: '' }],
    [
      function named() {
        return 1;
      },
      { $function: 'named' },
    ],
    [Account, { $function: 'Account' }],
    [new Date(0), { $date: '1970-01-01T00:00:00.000Z' }],
    [new Date(NaN), { $date: 'Invalid Date' }],
    [new TypeError('text'), { $error: 'TypeError: text' }],
    [new Error(), { $error: 'Error' }],
    [new Account(), { $instance: 'Account' }],
    [new URL('http://localhost'), { $instance: 'URL' }],
    [/x/, { $instance: 'RegExp' }],
    [Promise.resolve(), { $instance: 'Promise' }],
    [new WeakMap(), { $instance: 'WeakMap' }],
    [Object('text'), { $instance: 'String' }],
    [Buffer.from('hello'), { $bytes: 5, first: '68 65 6c 6c 6f' }],
    [new Uint16Array([1, 2]), { $bytes: 4, first: '01 00 02 00' }],
    [new DataView(Uint8Array.of(1, 2, 3).buffer, 1), { $bytes: 2, first: '02 03' }],
    [Uint8Array.of(7).buffer, { $bytes: 1, first: '07' }],
    [new SharedArrayBuffer(2), { $bytes: 2, first: '00 00' }],
    [new Uint8Array(), { $bytes: 0, first: '' }],
    [[], []],
    [
      [1, [2]],
      [1, [2]],
    ],
    [{}, {}],
    [{ a: { b: 1 } }, { a: { b: 1 } }],
    [Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 }],
    [new Map<unknown, unknown>([['a', 1], [{ b: 1 }, 2]]), { $map: [['a', 1], [{ b: 1 }, 2]] }], // prettier-ignore
    [new Set([1, 'a']), { $set: [1, 'a'] }],
  ])('shows %p as %p', (value, shown) => {
    expect(project(value)).toEqual(shown);
  });

  describe('given too much', () => {
    it('cuts long texts, and tells their length', () => {
      expect(project('x'.repeat(200))).toBe('x'.repeat(200));
      expect(project('x'.repeat(201))).toEqual({ $text: 'x'.repeat(200), length: 201 });
      expect(project(Symbol('x'.repeat(300)))).toEqual({ $symbol: 'x'.repeat(200) });
      expect(project({ ['x'.repeat(300)]: 1 })).toEqual({ ['x'.repeat(200)]: 1 });
      expect(project(new Error('x'.repeat(300)))).toEqual({ $error: `Error: ${'x'.repeat(193)}` });
    });

    it('cuts breadth, and tells how much is left out', () => {
      const many = Array.from({ length: 52 }, (_, n) => n);
      const first = many.slice(0, 50);
      expect(project(many)).toEqual([...first, { $more: 2 }]);
      expect(project(new Set(many))).toEqual({ $set: [...first, { $more: 2 }] });
      expect(project(new Map(many.map((n) => [n, n])))).toEqual({ $map: [...first.map((n) => [n, n]), { $more: 2 }] });
      const wide = Object.fromEntries(many.map((n) => [`k${String(n)}`, n]));
      expect(project(wide)).toEqual({ ...Object.fromEntries(Object.entries(wide).slice(0, 50)), $more: 2 });
      expect(project(many.slice(0, 50))).toEqual(first);
    });

    it('cuts depth, and says what is there', () => {
      const within = (value: unknown, levels: number): unknown =>
        levels === 0 ? value : { a: within(value, levels - 1) };
      for (const [value, shown] of [
        [{ secret: 1 }, { $instance: 'Object' }],
        [[1, 2], { $instance: 'Array(2)' }],
        [new Map(), { $instance: 'Map' }],
        [1, 1],
      ]) {
        expect(project(within(value, projectionLimits.depth))).toEqual(within(shown, projectionLimits.depth));
      }
    });

    it('cuts the number of values in all, whatever they are', () => {
      const count = (shown: Shown): number =>
        typeof shown === 'object' && shown !== null
          ? Object.values(shown).reduce<number>((sum, held) => sum + 1 + count(held), 0)
          : 0;
      const wide = (depth: number, leaf: () => object): unknown =>
        depth === 0 ? leaf() : Array.from({ length: 40 }, () => wide(depth - 1, leaf));
      for (const leaf of [
        () => ({ a: 1, b: 2, c: 3 }),
        () =>
          Object.defineProperties(
            {},
            Object.fromEntries(
              Array.from({ length: 40 }, (_, n) => [`k${String(n)}`, { get: () => 1, enumerable: true }]),
            ),
          ),
        () => Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`password${String(n)}`, 1])),
        () => new Set([1, 2, 3]),
        () => new Map([[1, 2]]),
      ]) {
        // each may come with a mark of its own and one for what is left out
        expect(count(project(wide(2, leaf)))).toBeLessThan(4 * projectionLimits.values);
      }
    });
  });

  describe('given much text', () => {
    const charactersOf = (shown: Shown): number => JSON.stringify(shown).length;

    it('cuts the characters in all, and tells how much is left out', () => {
      const long = Array.from({ length: 50 }, () => 'x'.repeat(200));
      expect(project(long)).toEqual([...long.slice(0, 25), { $more: 25 }]);
    });

    it.each<[string, (n: number) => unknown]>([
      ['texts', (n) => `${String(n)}${'x'.repeat(300)}`],
      ['keys', (n) => ({ [`${String(n)}${'x'.repeat(300)}`]: 1 })],
      ['bytes', () => Buffer.alloc(100)],
      ['numbers', () => 2n ** 250n],
      ['errors', () => new Error('x'.repeat(300))],
      ['names', () => Symbol('x'.repeat(300))],
    ])('counts that of %s', (_, make) => {
      const value = Array.from({ length: 40 }, () => Array.from({ length: 40 }, (__, n) => make(n)));
      expect(charactersOf(project(value))).toBeLessThan(2 * projectionLimits.text);
    });
  });

  it('takes other limits', () => {
    const limits = { depth: 1, breadth: 2, characters: 3, bytes: 1, values: 4, text: 100 };
    expect(project({ a: 'long text', b: Buffer.from('ab'), c: 1 }, secretKeys, limits)).toEqual({
      a: { $text: 'lon', length: 9 },
      b: { $bytes: 2, first: '61' },
      $more: 1,
    });
  });

  it('shows the same object twice, but not within itself', () => {
    const shared = { a: 1 };
    const round: Record<string, unknown> = { first: shared, second: shared };
    round['self'] = round;
    round['list'] = [round, new Map([[round, new Set([round])]])];
    const $circular = { $circular: true };
    expect(project(round)).toEqual({
      first: { a: 1 },
      second: { a: 1 },
      self: $circular,
      list: [$circular, { $map: [[$circular, { $set: [$circular] }]] }],
    });
  });

  it('lets no data pass for a mark of its own', () => {
    const shown = project(JSON.parse('{"$bytes":1,"$$more":2,"__proto__":{"a":1},"constructor":3,"toString":4}'));
    expect(JSON.stringify(shown)).toBe('{"$$bytes":1,"$$$more":2,"__proto__":{"a":1},"constructor":3,"toString":4}');
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  describe('given secrets', () => {
    const secrets = ['password', 'userPassword', 'PASSWD', 'pass', 'pwd', 'passphrase', 'secret', 'clientSecret', 'token', 'accessToken', 'refresh_token', 'Authorization', 'authorisation', 'cookie', 'set-cookie', 'sessionId', 'session_id', 'apiKey', 'api-key', 'privateKey', 'ticketKeys', 'key', 'auth', 'jwt', 'otp', 'pin', 'pfx', 'credentials', 'bearer']; // prettier-ignore
    const others = ['name', 'passed', 'keys', 'monkey', 'author', 'opinion', 'pinned', 'bypass', 'data', 'type', 'id', 'compass']; // prettier-ignore

    it('leaves out what looks like one, by its key', () => {
      for (const key of secrets) expect(project({ [key]: 'hidden' })).toEqual({ [key]: { $redacted: true } });
      for (const key of others) expect(project({ [key]: 'shown' })).toEqual({ [key]: 'shown' });
    });

    it('leaves out a private key, whatever its key', () => {
      for (const kind of ['', 'EC ', 'RSA ', 'ENCRYPTED ']) {
        const pem = `-----BEGIN ${kind}PRIVATE KEY-----\nMHcCAQEE`;
        for (const cert of [pem, pem + 'A'.repeat(200)]) {
          expect(project({ cert: [cert] })).toEqual({ cert: [{ $redacted: true }] });
        }
      }
    });

    it('leaves it out at any depth, also in Maps, without looking at it', () => {
      const value = {
        list: [
          {
            headers: new Map<unknown, unknown>([
              ['cookie', 'hidden'],
              ['host', { token: 'hidden' }],
            ]),
          },
        ],
      };
      expect(project(value)).toEqual({
        list: [
          {
            headers: {
              $map: [
                ['cookie', { $redacted: true }],
                ['host', { token: { $redacted: true } }],
              ],
            },
          },
        ],
      });
    });

    it('leaves out what has a key too long to be looked through', () => {
      const [long, longer] = ['x'.repeat(1_000), 'x'.repeat(1_001)];
      expect(project([{ [long]: 1 }, { [longer]: 1 }])).toEqual([
        { [long.slice(0, 200)]: 1 },
        { [long.slice(0, 200)]: { $redacted: true } },
      ]);
    });

    it('takes an expression that remembers where it was', () => {
      for (const flags of ['g', 'y', 'gy', 'gi']) {
        const redact = new RegExp('hide', flags);
        redact.lastIndex = 3;
        const hidden = { $redacted: true };
        expect(project([{ hide: 1 }, { hide: 1 }, new Map([['hide', 1]]), { hide: 1, show: 2 }], redact)).toEqual([
          { hide: hidden },
          { hide: hidden },
          { $map: [['hide', hidden]] },
          { hide: hidden, show: 2 },
        ]);
      }
      expect(project({ hide: 1, show: 2 }, Object.freeze(/hide/))).toEqual({ hide: { $redacted: true }, show: 2 });
    });
  });
});

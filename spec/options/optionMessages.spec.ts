import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { createServerCore, echo, InvalidOptionError } from '../../server/index';

const thrown = new Proxy(
  {},
  {
    get() {
      throw new Error('get');
    },
    getPrototypeOf() {
      throw new Error('getPrototypeOf');
    },
    has() {
      throw new Error('has');
    },
    ownKeys() {
      throw new Error('ownKeys');
    },
  },
);
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const revokedFunction = Proxy.revocable(() => undefined, {});
revokedFunction.revoke();

const Unnamed = Object.defineProperty(class extends Date {}, 'name', { value: Symbol('name') });

/** An object that throws when its constructor's name is read. */
const awkward: unknown = Object.create({
  get constructor(): never {
    throw new Error('constructor');
  },
});

const odd: [string, unknown][] = [
  ['a symbol', Symbol('x')],
  ['a symbol without a description', Symbol()],
  ['an object without a prototype', Object.create(null)],
  [
    'an object whose toString throws',
    {
      toString: () => {
        throw new Error('toString');
      },
      [Symbol.toPrimitive]: null,
    },
  ],
  ['an object that inherits from one without a prototype', Object.create(Object.create(null) as object)],
  ['a proxy whose every trap throws', thrown],
  ['a revoked proxy', revoked.proxy],
  ['a revoked function proxy', revokedFunction.proxy],
  ['an instance whose constructor throws', awkward],
  ['a class whose name is a symbol', Unnamed],
  ['an instance of it', new Unnamed()],
  [
    'a function whose name is an object',
    Object.defineProperty(() => 1, 'name', { value: Object.create(null) as object }),
  ],
  ['a huge string', 'x'.repeat(1_000_000)],
  ['a huge bigint', 10n ** 100_000n],
  ['a function with a huge name', Object.defineProperty(() => 1, 'name', { value: 'x'.repeat(1_000_000) })],
  ['a symbol with a huge description', Symbol('x'.repeat(1_000_000))],
  ['an object that contains itself', Object.assign([] as unknown[], [[]])],
  ['a string of several lines', "it's\nport\u001b[31m 80"],
  ['a string that ends in half a character', `${'x'.repeat(59)}\u{1F600}`],
];

/** The error that an option's value throws; undefined if it throws none. */
function thrownFor(option: string, value: unknown): unknown {
  try {
    createServerCore({ protocol: echo, [option]: value });
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The types of the values that these options allow. */
const right: Readonly<Record<string, string>> = { host: 'string', busyReply: 'string', protocol: 'function' };
const options = ['port', 'host', 'busyReply', 'protocol', 'keepAlive', 'maxQueued'];

describe('An InvalidOptionError', () => {
  it.each(odd)('about %s says so in a short line', (_, value) => {
    for (const option of options.filter((name) => right[name] !== typeof value)) {
      const error = thrownFor(option, value);
      expect(error instanceof InvalidOptionError).toBe(true);
      const { message, value: told, option: name } = error as InvalidOptionError;
      expect(name).toBe(option);
      expect(Object.is(told, value)).toBe(true);
      expect(message).toMatch(new RegExp(`^Option '${option}' is .+, but must be .+$`));
      expect(message.length).toBeLessThan(300);
    }
  });

  it('about an unknown option with a huge name is short, too', () => {
    const name = 'x'.repeat(1_000_000);
    const error = thrownFor(name, 1);
    expect(error instanceof InvalidOptionError).toBe(true);
    expect((error as InvalidOptionError).option).toBe(name);
    expect((error as InvalidOptionError).message.length).toBeLessThan(1_000);
  });

  const secret = 'MHcCAQEEIKey';
  it.each([
    ['key', `-----BEGIN RSA PRIVATE KEY-----\n${secret}\n`],
    ['key', `\n-----BEGIN EC PRIVATE KEY-----\n${secret}\n`],
    ['key', Buffer.from(secret)],
    ['tls', `-----BEGIN PRIVATE KEY-----\n${secret}\n`],
  ])('about a private key, given as %s, is logged without it, case %#', (option, key) => {
    const error = thrownFor(option, key) as InvalidOptionError;
    expect(error.value).toBe(key);
    expect(inspect(error) + JSON.stringify(error)).not.toMatch(/MHcC|4d 48 63 43|77,72,99,67/);
  });
});

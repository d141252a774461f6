import { types } from 'node:util';
import { beginningOf } from './beginningOf';
import type { Shown } from '../records';

/** How much of a value is shown. */
export interface ProjectionLimits {
  /** Objects within objects. */
  readonly depth: number;
  /** Keys of an object, entries of an array, a Map or a Set. */
  readonly breadth: number;
  /** Characters of a string. */
  readonly characters: number;
  /** Bytes of a binary value; its length is always shown. */
  readonly bytes: number;
  /** Values in all. */
  readonly values: number;
  /** Characters in all, of keys and of values. The last value may go over the limit. */
  readonly text: number;
}

export const projectionLimits: ProjectionLimits = {
  depth: 6,
  breadth: 50,
  characters: 200,
  bytes: 32,
  values: 500,
  text: 5_000,
};

/** Characters of a key. A longer one counts as secret: no name is that long, and its search would take long. */
const longestKey = 1_000;

/** Keys whose values are never shown: those that look like passwords, tokens, keys and cookies. */
export const secretKeys =
  /pass(?:word|wd|phrase|code)|secret|token|credential|authori[sz]ation|cookie|session.?id|(?:api|private|access|auth|signing|encryption|ticket).?key|^(?:pass|pwd|pin|auth|key|pfx|jwt|bearer|otp)$/i;

/** The first line of a private key as PEM. It may stand under any key: in `cert`, say, where one file has both. */
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * Copies a value as far as it may be shown (see {@link Shown}). The work is bounded, whatever the value is.
 *
 * No code of the value runs: getters and `toJSON` aren't called, proxies aren't touched. An object that isn't plain
 * data (a socket, an actor) is shown as the name of its class, and nothing inside of it is read. One thing still
 * grows with the value: the list of a plain object's keys. JavaScript has no way to ask for a part of that list.
 * @param redact - matches the keys whose values are left out
 */
export function project(
  value: unknown,
  redact: RegExp = secretKeys,
  limits: ProjectionLimits = projectionLimits,
): Shown {
  return new Projection(redact, limits).show(value, 0);
}

class Projection {
  readonly #redact: RegExp;
  readonly #limits: ProjectionLimits;
  readonly #above = new Set<object>();
  #values = 0;
  #characters = 0;

  constructor(redact: RegExp, limits: ProjectionLimits) {
    this.#redact = redact;
    this.#limits = limits;
  }

  show(value: unknown, depth: number): Shown {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return Number.isFinite(value) ? value : { $number: String(value) };
      case 'boolean':
        return value;
      case 'bigint':
        return { $bigint: this.#clip(bigText(value)) };
      case 'symbol':
        return { $symbol: this.#clip(value.description ?? '') };
      case 'undefined':
        return { $undefined: true };
      case 'function':
        return { $function: types.isProxy(value) ? '' : this.#clip(nameOf(value)) };
      default:
        return value === null ? null : this.#object(value as object, depth);
    }
  }

  #object(value: object, depth: number): Shown {
    // a proxy's traps would run, even when only its prototype is read
    if (types.isProxy(value)) return { $instance: 'Proxy' };
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return this.#binary(bytesOf(value));
    if (types.isDate(value)) return { $date: dateText(value) };
    if (types.isNativeError(value)) return { $error: this.#clip(errorText(value, this.#limits.characters)) };
    if (this.#above.has(value)) return { $circular: true };
    const isDeep = depth >= this.#limits.depth;
    if (Array.isArray(value)) {
      return isDeep
        ? { $instance: `Array(${String(value.length)})` }
        : this.#within(value, () => this.#array(value, depth));
    }
    const name = classOf(value);
    if (name === 'Map' && types.isMap(value) && !isDeep) return this.#within(value, () => this.#map(value, depth));
    if (name === 'Set' && types.isSet(value) && !isDeep) return this.#within(value, () => this.#set(value, depth));
    if (name !== 'Object' || isDeep) return { $instance: this.#clip(name) };
    return this.#within(value, () => this.#plain(value, depth));
  }

  #within(value: object, show: () => Shown): Shown {
    this.#above.add(value);
    const shown = show();
    this.#above.delete(value);
    return shown;
  }

  get #isExhausted(): boolean {
    return this.#values >= this.#limits.values || this.#characters >= this.#limits.text;
  }

  #plain(value: object, depth: number): Shown {
    // with a prototype, the key __proto__ would set that
    const shown = Object.create(null) as Record<string, Shown>;
    const keys = Object.keys(value);
    let taken = 0;
    for (const key of keys) {
      if (taken === this.#limits.breadth || this.#isExhausted) break;
      taken += 1;
      const name = this.#clip(key);
      // a key of plain data must not look like one of our own marks
      shown[name.startsWith('$') ? `$${name}` : name] = this.#property(value, key, depth);
    }
    if (taken < keys.length) shown['$more'] = keys.length - taken;
    return shown;
  }

  #isSecret(key: unknown): boolean {
    if (typeof key !== 'string') return false;
    if (key.length > longestKey) return true;
    // with the flag g or y the search would go on from there
    if (this.#redact.lastIndex !== 0) this.#redact.lastIndex = 0;
    return this.#redact.test(key);
  }

  #property(value: object, key: string, depth: number): Shown {
    this.#values += 1;
    if (this.#isSecret(key)) return { $redacted: true };
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property === undefined) return { $undefined: true };
    return 'value' in property ? this.show(property.value, depth + 1) : { $getter: true };
  }

  #array(value: readonly unknown[], depth: number): Shown {
    const shown: Shown[] = [];
    for (let index = 0; index < value.length && index < this.#limits.breadth && !this.#isExhausted; index += 1) {
      shown.push(this.#property(value, String(index), depth));
    }
    return withRest(shown, value.length);
  }

  #map(value: ReadonlyMap<unknown, unknown>, depth: number): Shown {
    const shown: Shown[] = [];
    for (const [key, held] of Map.prototype.entries.call(value)) {
      if (shown.length === this.#limits.breadth || this.#isExhausted) break;
      this.#values += 2;
      shown.push([this.show(key, depth + 1), this.#isSecret(key) ? { $redacted: true } : this.show(held, depth + 1)]);
    }
    return { $map: withRest(shown, sizeOf(value)) };
  }

  #set(value: ReadonlySet<unknown>, depth: number): Shown {
    const shown: Shown[] = [];
    for (const held of Set.prototype.values.call(value)) {
      if (shown.length === this.#limits.breadth || this.#isExhausted) break;
      this.#values += 1;
      shown.push(this.show(held, depth + 1));
    }
    return { $set: withRest(shown, sizeOf(value)) };
  }

  #binary(bytes: Uint8Array): Shown {
    const first = Buffer.from(bytes.subarray(0, this.#limits.bytes))
      .toString('hex')
      .replace(/..(?=.)/g, '$& ');
    this.#characters += first.length;
    return { $bytes: bytes.length, first };
  }

  #text(value: string): Shown {
    const shown = this.#clip(value);
    if (privateKey.test(shown)) return { $redacted: true };
    return value.length <= this.#limits.characters ? shown : { $text: shown, length: value.length };
  }

  #clip(text: string): string {
    const clipped = beginningOf(text, this.#limits.characters);
    this.#characters += clipped.length;
    return clipped;
  }
}

const withRest = (shown: Shown[], length: number): Shown[] => {
  if (shown.length < length) shown.push({ $more: length - shown.length });
  return shown;
};

/** The value of a class's own getter, even where a subclass or the value itself has another property of that name. */
const builtIn = (prototype: object, key: string, value: object): unknown =>
  Object.getOwnPropertyDescriptor(prototype, key)?.get?.call(value);

const sizeOf = (value: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>): number =>
  builtIn(types.isMap(value) ? Map.prototype : Set.prototype, 'size', value) as number;

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** The bytes of a binary value. There are none when their memory was transferred, to a worker for instance. */
function bytesOf(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  try {
    if (!ArrayBuffer.isView(value)) return new Uint8Array(value);
    const [buffer, offset, length] = ['buffer', 'byteOffset', 'byteLength'].map((key) =>
      builtIn(types.isTypedArray(value) ? typedArray : DataView.prototype, key, value),
    );
    return new Uint8Array(buffer as ArrayBuffer, offset as number, length as number);
  } catch {
    return new Uint8Array();
  }
}

/** A property's value; undefined for a getter, which isn't run. */
const dataOf = (value: object, key: string): unknown => Object.getOwnPropertyDescriptor(value, key)?.value;

function nameOf(value: object): string {
  const name = dataOf(value, 'name');
  return typeof name === 'string' ? name : '';
}

/** The name of an object's class; `Object` for plain data, also for that of another realm. */
function classOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return 'Object';
  if (types.isProxy(prototype)) return 'Proxy';
  const constructor = dataOf(prototype, 'constructor');
  const name = typeof constructor === 'function' && !types.isProxy(constructor) ? nameOf(constructor) : '';
  if (name !== '' && name !== 'Object') return name;
  return Object.getPrototypeOf(prototype) === null ? 'Object' : 'anonymous class';
}

/** @param characters - how much of the message is taken; joining all of a long message would copy all of it */
function errorText(error: object, characters: number): string {
  const message = dataOf(error, 'message');
  const hasMessage = typeof message === 'string' && message !== '';
  return hasMessage ? `${classOf(error)}: ${message.slice(0, characters)}` : classOf(error);
}

function dateText(date: Date): string {
  const time = Date.prototype.getTime.call(date);
  return Number.isNaN(time) ? 'Invalid Date' : new Date(time).toISOString();
}

/** The digits of a number, if it is short: the time to write a number out grows faster than the number's length. */
function bigText(value: bigint): string {
  const isShort = BigInt.asIntN(256, value) === value;
  return isShort ? String(value) : 'more than 256 bits';
}

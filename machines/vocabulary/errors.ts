/** The base of all errors of serverchart. Each has a `code` that stays the same from version to version. */
export class ServerchartError extends Error {
  /** For programs; the message is for people. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An option has a value that isn't allowed. Thrown before anything is opened. Code `ERR_INVALID_OPTION`. */
export class InvalidOptionError extends ServerchartError {
  readonly option: string;
  /** The value of the option. Not enumerable: logs print enumerable fields, and this value may be a private key. */
  declare readonly value: unknown;
  /** What is allowed, in words. */
  readonly allowed: string;

  constructor(option: string, value: unknown, allowed: string) {
    super('ERR_INVALID_OPTION', `Option ${describe(option)} is ${describe(value)}, but must be ${allowed}`);
    this.option = option;
    this.allowed = allowed;
    Object.defineProperty(this, 'value', { value });
  }
}

/** An address with its port, for messages. A path and a descriptor have no port. */
const place = (address: string, port: number): string => (port === 0 ? address : `${address} port ${String(port)}`);

/**
 * A server can't listen. `code` is the system's: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENOENT`, …; `ERR_LISTEN`
 * when the system gives none. `cause` is Node's error.
 */
export class ListenError extends ServerchartError {
  /** The host or the path where the server was to listen. */
  readonly address: string;
  /** The port where the server was to listen; 0 for a path or a descriptor. */
  readonly port: number;

  constructor(address: string, port: number, cause: NodeJS.ErrnoException) {
    super(cause.code ?? 'ERR_LISTEN', `Can't listen on ${place(address, port)}: ${explain(cause)}`, { cause });
    this.address = address;
    this.port = port;
  }
}

/**
 * A client can't connect. `code` is the system's: `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`, …; `ERR_CONNECT` when the
 * system gives none. `cause` is Node's error.
 */
export class ConnectError extends ServerchartError {
  readonly address: string;
  readonly port: number;

  constructor(address: string, port: number, cause: NodeJS.ErrnoException) {
    super(cause.code ?? 'ERR_CONNECT', `Can't connect to ${place(address, port)}: ${explain(cause)}`, { cause });
    this.address = address;
    this.port = port;
  }
}

/** The system's codes in words. For other codes Node's own message is good enough. */
const explanations: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program is listening there',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host',
  ENOENT: 'no such file or folder',
  ECONNREFUSED: 'nobody is listening there',
};

function explain({ code, message }: NodeJS.ErrnoException): string {
  const words = code === undefined ? undefined : explanations[code];
  return words === undefined ? message : `${words} (${String(code)})`;
}

/** A text as an error message shows it: in one line, and at most 60 characters of it. */
const clip = (text: string): string => {
  const isLong = text.length > 60;
  // JSON escapes line breaks, control characters, and half of a character at the cut
  return JSON.stringify(isLong ? text.slice(0, 60) : text).slice(1, -1) + (isLong ? '…' : '');
};

/** The beginning of a private key in PEM. Messages get logged, and clipping would not hide a short key. */
const privateKeyPattern = /^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----/;

const nameOf = (value: { readonly name?: unknown }): string | undefined =>
  typeof value.name === 'string' && value.name !== '' ? clip(value.name) : undefined;

function describeObject(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  const name = nameOf(prototype?.constructor ?? {});
  return name === undefined || name === 'Object' ? 'an object' : `an instance of ${name}`;
}

/**
 * A value as an error message shows it: short. Never throws, not even for a value that throws when one looks at it.
 */
export function describe(value: unknown): string {
  try {
    switch (typeof value) {
      case 'string':
        return privateKeyPattern.test(value) ? 'a private key' : `'${clip(value)}'`;
      case 'function':
        return `the function ${nameOf(value) ?? '(anonymous)'}`;
      case 'object':
        return value === null ? 'null' : describeObject(value);
      case 'bigint':
        return `${clip(String(value))}n`;
      case 'undefined':
        return 'missing';
      case 'symbol':
        return clip(String(value));
      default:
        return String(value);
    }
  } catch {
    return `a ${typeof value} that can't be looked at`;
  }
}

/** What went wrong, with a `code` that stays the same from version to version. */
export class ServerchartError extends Error {
  /** Stable, for programs; the message is for people. */
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
  /** What it is. Not enumerable: an error is logged with all that is, and this may be a private key. */
  declare readonly value: unknown;
  /** What would have been allowed, in words. */
  readonly allowed: string;

  constructor(option: string, value: unknown, allowed: string) {
    super('ERR_INVALID_OPTION', `Option ${describe(option)} is ${describe(value)}, but must be ${allowed}`);
    this.option = option;
    this.allowed = allowed;
    Object.defineProperty(this, 'value', { value });
  }
}

/** A path and a descriptor have no port. */
const place = (address: string, port: number): string => (port === 0 ? address : `${address} port ${String(port)}`);

/** A server can't listen. `code` is the system's: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENOENT`, … */
export class ListenError extends ServerchartError {
  /** The host or the path that was asked for. */
  readonly address: string;
  /** The port that was asked for; 0 for a path or a descriptor. */
  readonly port: number;

  constructor(address: string, port: number, cause: NodeJS.ErrnoException) {
    super(cause.code ?? 'ERR_LISTEN', `Can't listen on ${place(address, port)}: ${explain(cause)}`, { cause });
    this.address = address;
    this.port = port;
  }
}

/** A client can't connect. `code` is the system's: `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`, … */
export class ConnectError extends ServerchartError {
  readonly address: string;
  readonly port: number;

  constructor(address: string, port: number, cause: NodeJS.ErrnoException) {
    super(cause.code ?? 'ERR_CONNECT', `Can't connect to ${place(address, port)}: ${explain(cause)}`, { cause });
    this.address = address;
    this.port = port;
  }
}

/** The system's codes in a reader's words. Others speak for themselves. */
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

/** A text as a message shows it: in one line, and not much of it. */
const clip = (text: string): string => {
  const isLong = text.length > 60;
  // JSON escapes line breaks, control characters, and half of a character at the cut
  return JSON.stringify(isLong ? text.slice(0, 60) : text).slice(1, -1) + (isLong ? '…' : '');
};

/** As PEM. Messages get logged, and the secret of a short one is at its beginning. */
const privateKeyPattern = /^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----/;

const nameOf = (value: { readonly name?: unknown }): string | undefined =>
  typeof value.name === 'string' && value.name !== '' ? clip(value.name) : undefined;

function describeObject(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  const name = nameOf(prototype?.constructor ?? {});
  return name === undefined || name === 'Object' ? 'an object' : `an instance of ${name}`;
}

/** A value as an error message shows it: short, and never throwing, whatever the value does when it is looked at. */
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

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
  readonly value: unknown;
  /** What would have been allowed, in words. */
  readonly allowed: string;

  constructor(option: string, value: unknown, allowed: string) {
    super('ERR_INVALID_OPTION', `Option '${option}' is ${describe(value)}, but must be ${allowed}`);
    this.option = option;
    this.value = value;
    this.allowed = allowed;
  }
}

/** A server can't listen. `code` is the system's: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENOENT`, … */
export class ListenError extends ServerchartError {
  /** The host or the path that was asked for. */
  readonly address: string;
  /** The port that was asked for; 0 for a path or a descriptor. */
  readonly port: number;

  constructor(address: string, port: number, cause: NodeJS.ErrnoException) {
    const where = port === 0 ? address : `${address} port ${String(port)}`;
    super(cause.code ?? 'ERR_LISTEN', `Can't listen on ${where}: ${explain(cause)}`, { cause });
    this.address = address;
    this.port = port;
  }
}

/** A client can't connect. `code` is the system's: `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`, … */
export class ConnectError extends ServerchartError {
  readonly address: string;
  readonly port: number;

  constructor(address: string, port: number, cause: NodeJS.ErrnoException) {
    const where = port === 0 ? address : `${address} port ${String(port)}`;
    super(cause.code ?? 'ERR_CONNECT', `Can't connect to ${where}: ${explain(cause)}`, { cause });
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

/** A value as an error message shows it: short, and never throwing. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`;
    case 'function':
      return `the function ${value.name || '(anonymous)'}`;
    case 'object': {
      if (value === null) return 'null';
      const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
      const name = prototype?.constructor?.name;
      return typeof name === 'string' && name !== 'Object' ? `an instance of ${name}` : 'an object';
    }
    case 'bigint':
      return `${String(value)}n`;
    case 'undefined':
      return 'missing';
    default:
      return String(value);
  }
}

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compiled } from '../compiled';

/**
 * A server that a user might pick instead of ours: a program of its own that echoes.
 *
 * It listens on 127.0.0.1, prints its port as the first line, and ends when its stdin is closed. It is one process, so
 * that what it takes can be read from its pid.
 */
export interface Peer {
  readonly name: 'nact' | 'twisted' | 'erlang' | 'go';
  /** What a table calls it: `Twisted (Python)`. */
  readonly label: string;
  /** How to get it, for the line that says that it is skipped: `apt-get install python3-twisted`. */
  readonly install: string;
  /**
   * Makes it ready: looks for what runs it, and compiles it into the folder `temp`, which is the caller's to remove.
   * Undefined when what it needs isn't installed; rejects when it is installed and doesn't compile.
   */
  readonly prepare: (temp: string) => Promise<PeerCommand | undefined>;
}

export interface PeerCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** `Twisted 22.4.0 on Python 3.11.2` */
  readonly version: string;
  /** To be added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const run = promisify(execFile);

/** What a program prints; undefined when it isn't there or fails, as a version manager's stand-in for it does. */
async function ask(file: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run(file, args)).stdout.trim();
  } catch {
    return undefined;
  }
}

const source = (name: string): string => join(__dirname, name);

const nact: Peer = {
  name: 'nact',
  label: 'nact (Node.js)',
  install: 'npm install --save-dev nact',
  async prepare() {
    let manifest: string;
    try {
      manifest = require.resolve('nact/package.json');
    } catch {
      return undefined;
    }
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
    return {
      file: process.execPath,
      args: [compiled('peers/nact')],
      version: `nact ${version} on Node.js ${process.versions.node}`,
      env: { NODE_ENV: 'production' },
    };
  },
};

/** Prints the interpreter itself too: the `python3` of a version manager is a script that looks for it. */
const askTwisted = `
import platform, sys, twisted
print(sys.executable)
print("Twisted", twisted.__version__, "on Python", platform.python_version())
`;

const twisted: Peer = {
  name: 'twisted',
  label: 'Twisted (Python)',
  install: 'apt-get install python3-twisted',
  async prepare() {
    // a distribution's package is for the distribution's Python, which need not be the first one on the PATH
    for (const python of ['python3', '/usr/bin/python3']) {
      const [file, version] = (await ask(python, ['-c', askTwisted]))?.split('\n') ?? [];
      if (file !== undefined && version !== undefined) return { file, args: [source('twistedEcho.py')], version };
    }
    return undefined;
  },
};

const askErlang = 'io:put_chars(erlang:system_info(otp_release)), halt().';

const erlang: Peer = {
  name: 'erlang',
  label: 'gen_tcp (Erlang)',
  install: 'apt-get install erlang-base',
  async prepare(temp) {
    const release = await ask('erl', ['-noshell', '-eval', askErlang]);
    if (release === undefined) return undefined;
    await run('erlc', ['-o', temp, source('genTcpEcho.erl')]);
    return {
      file: 'erl',
      args: ['-noshell', '-pa', temp, '-s', 'genTcpEcho', 'main'],
      version: `Erlang/OTP ${release}`,
      // a failure is not worth a dump in the working directory
      env: { ERL_CRASH_DUMP_SECONDS: '0' },
    };
  },
};

const go: Peer = {
  name: 'go',
  label: 'net (Go)',
  install: 'apt-get install golang-go',
  async prepare(temp) {
    const version = /\bgo(\d\S*)/.exec((await ask('go', ['version'])) ?? '')?.[1];
    if (version === undefined) return undefined;
    const file = join(temp, 'netEcho');
    // neither a module, nor the network, nor a C compiler, nor anything left in the user's cache
    const env = { GO111MODULE: 'off', GOFLAGS: '', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
    const cache = { GOCACHE: join(temp, 'goCache') };
    await run('go', ['build', '-o', file, source('net.go')], { env: { ...process.env, ...env, ...cache } });
    return { file, args: [], version: `Go ${version}` };
  },
};

export const peers: readonly Peer[] = [nact, twisted, erlang, go];

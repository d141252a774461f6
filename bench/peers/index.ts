import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compiled } from '../compiled';

/**
 * A server that a user might pick instead of ours: an echo server that is a program of its own.
 *
 * The program listens on 127.0.0.1, prints its port as the first line, and ends when its stdin is closed. It is one
 * process, so that all of its CPU and memory can be read by its pid.
 */
export interface Peer {
  readonly name: 'nact' | 'twisted' | 'erlang' | 'go';
  /** The name in tables: `Twisted (Python)`. */
  readonly label: string;
  /** How to install what the peer needs: `apt-get install python3-twisted`. Printed when the peer is skipped. */
  readonly install: string;
  /**
   * Makes the peer ready: looks for its runtime, and compiles the program into the folder `temp`, which the caller
   * removes. Resolves with undefined when the runtime isn't installed. Rejects when the program doesn't compile.
   */
  readonly prepare: (temp: string) => Promise<PeerCommand | undefined>;
}

/** How to start a peer. */
export interface PeerCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The versions that are measured: `Twisted 22.4.0 on Python 3.11.2`. */
  readonly version: string;
  /** Variables to be added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const run = promisify(execFile);

/**
 * The output of a program; undefined when it is missing or fails, as a version manager's stand-in for a program does.
 */
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

/** Prints the path of the interpreter, too: the `python3` of a version manager is only a script that looks for it. */
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
    // the build needs no module, no network and no C compiler, and leaves nothing in the user's cache
    const env = { GO111MODULE: 'off', GOFLAGS: '', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
    const cache = { GOCACHE: join(temp, 'goCache') };
    await run('go', ['build', '-o', file, source('net.go')], { env: { ...process.env, ...env, ...cache } });
    return { file, args: [], version: `Go ${version}` };
  },
};

export const peers: readonly Peer[] = [nact, twisted, erlang, go];

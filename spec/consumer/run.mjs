/** Runs programs for the consumer check, each in its folder and with a time limit. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import process from 'node:process';

const minute = 60_000;

function start(command, args, cwd, timeout) {
  const env = { ...process.env };
  delete env.NODE_OPTIONS;
  delete env.NODE_PATH;
  const isWindows = process.platform === 'win32';
  // on Windows, npm and the commands that it installs are scripts
  const child = spawn(command, args, { cwd, env, timeout, killSignal: 'SIGKILL', shell: isWindows });
  child.stdin.end();
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (said.stderr += text));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...said }));
  return { child, said, ended };
}

/** Runs a program to its end, whether it succeeds or not. */
export const attempt = (command, args, cwd, timeout = minute) => start(command, args, cwd, timeout).ended;

/** Runs a program that must succeed, and returns its stdout. */
export async function run(command, args, cwd, timeout = minute) {
  const { code, signal, stdout, stderr } = await attempt(command, args, cwd, timeout);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}\n${stdout}${stderr}`);
}

export const node = (args, cwd) => run(process.execPath, args, cwd);

/** Runs a server's command, sends bytes through it and stops it by Ctrl-C. */
export async function talkTo(command, args, cwd) {
  const { child, said, ended } = start(command, args, cwd, minute);
  const listening = new Promise((resolve) => {
    child.stdout.on('data', () => {
      const [, port] = /^Talk to it: +nc \S+ (\d+)$/m.exec(said.stdout) ?? [];
      if (port !== undefined && said.stdout.includes('Stop it:')) resolve(Number(port));
    });
  });
  const over = ended.then(({ code, signal, stdout, stderr }) => {
    throw new Error(`ended with ${code ?? signal} before it was told to\n${stdout}${stderr}`);
  });
  try {
    const answer = await Promise.race([listening.then(exchange), over]);
    if (answer !== 'hello') throw new Error(`it answered ${JSON.stringify(answer)}`);
  } finally {
    child.kill('SIGINT');
    over.catch(() => undefined);
  }
  const { code, signal, stderr } = await ended;
  // some versions of Node strip types, and warn about it each time
  const complaints = stderr.replace(/^\(node:\d+\) ExperimentalWarning: Type Stripping .*\n\(Use .*\n/m, '');
  if (code !== 0 || complaints !== '') throw new Error(`Ctrl-C ended it with ${code ?? signal}\n${stderr}`);
}

async function exchange(port) {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.end('hello');
  let answer = '';
  for await (const text of socket) answer += text;
  return answer;
}

/** Writes files into a folder. */
export async function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

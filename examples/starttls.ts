/**
 * The beginning of a mail server: a client says STARTTLS, and from there on the bytes travel over TLS. An attacker on
 * the way may have added bytes to the plain text, so all plain lines that still wait are thrown away.
 *
 *     openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem
 *     npx ts-node examples/starttls.ts [port] key.pem cert.pem
 *     then, elsewhere: openssl s_client -starttls smtp -crlf -connect 127.0.0.1:1601
 *
 * In a project of your own, import from 'serverchart' instead of '../server/index'.
 */
import { readFileSync } from 'node:fs';
import { assign, emit, enqueueActions } from 'xstate';
import { createServerCore, setupProtocol, type ServerCore, type TlsOptions } from '../server/index';

const says = (line: string) => ({ type: 'reply', params: { data: `${line}\r\n` } }) as const;

export const mail = setupProtocol<{ rest: string }, { type: 'line'; line: string }>()
  .extend({
    guards: {
      is: ({ event }, word: string) => 'line' in event && event.line.toUpperCase().startsWith(word),
    },
  })
  .createMachine({
    id: 'mail',
    context: { rest: '' },
    entry: says('220 mail.example'),
    on: {
      inbox: {
        actions: enqueueActions(({ context, event, enqueue }) => {
          const lines = (context.rest + event.data.toString('latin1')).split('\r\n');
          const rest = lines.pop() ?? '';
          for (const line of lines) enqueue.raise({ type: 'line', line });
          enqueue.assign({ rest });
          if (rest.length > 1_000) enqueue({ type: 'abort' });
        }),
      },
      'control.serverShutdown': '.leaving',
    },
    initial: 'plain',
    states: {
      plain: {
        on: {
          line: [
            { guard: { type: 'is', params: 'EHLO' }, actions: says('250-mail.example\r\n250 STARTTLS') },
            { guard: { type: 'is', params: 'STARTTLS' }, target: 'upgrading', actions: says('220 Go ahead') },
            { guard: { type: 'is', params: 'QUIT' }, target: 'leaving' },
            { actions: says('530 Say STARTTLS first') },
          ],
        },
      },
      upgrading: {
        description: 'Lines that came in one packet with STARTTLS are ignored. Half a line is thrown away, too.',
        entry: emit({ type: 'makessl' }),
        on: { sslready: { target: 'encrypted', actions: assign({ rest: '' }) } },
      },
      encrypted: {
        on: {
          line: [
            { guard: { type: 'is', params: 'EHLO' }, actions: says('250 mail.example') },
            { guard: { type: 'is', params: 'QUIT' }, target: 'leaving' },
            { actions: says('502 That is all there is so far') },
          ],
        },
      },
      leaving: { entry: [says('221 Bye'), 'finish'] },
    },
  });

export const mailServer = (port: number, tls: TlsOptions): ServerCore =>
  createServerCore({ protocol: mail, port, tls, starttls: true });

if (require.main === module) {
  const [, , port = 1601, key = 'key.pem', cert = 'cert.pem'] = process.argv;
  void mailServer(Number(port), { key: readFileSync(key), cert: readFileSync(cert) })
    .start()
    .then(console.log);
}

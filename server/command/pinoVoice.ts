import type pino from 'pino';
import type pinoPretty from 'pino-pretty';
import type { AnyActorRef } from 'xstate';
import { loadPeer } from '../loadPeer';
import type { Voice } from './voice';
import { logTo } from '../log/logTo';

/** `json` for machines: one object a line. `pretty` for people. */
export type LogFormat = 'json' | 'pretty';

/**
 * Logs what happens to a server on stdout, with pino.
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` without pino, or for `pretty` without pino-pretty
 */
export function pinoVoice(server: AnyActorRef, format: LogFormat): Voice {
  const logger = makeLogger(format);
  logTo(server, logger);
  return {
    started: ({ kind, name, encrypted, urls }) => {
      logger.info({ event: 'command.started', kind, protocol: name, encrypted, ...urls });
    },
    leaving: (delayMs) => {
      logger.info({ event: 'command.leaving', delayMs });
    },
    unreadable: (err) => {
      logger.error({ event: 'command.unreadable', err });
    },
  };
}

function makeLogger(format: LogFormat): pino.Logger {
  const makePino = loadPeer('pino', '--log') as typeof pino;
  const options: pino.LoggerOptions = {
    // who collects logs knows better where this process is
    base: null,
    timestamp: makePino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  };
  return makePino(options, format === 'pretty' ? prettyStdout() : process.stdout);
}

/**
 * Written here and now, as everything else that goes to stdout: a transport of pino's would do it in a thread, which the
 * end of the process would leave with the last lines.
 */
function prettyStdout(): pino.DestinationStream {
  const { prettyFactory } = loadPeer('pino-pretty', '--log pretty') as typeof pinoPretty;
  const pretty = prettyFactory({
    colorize: process.stdout.isTTY,
    messageKey: 'event',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
  });
  return {
    write: (line) => {
      process.stdout.write(pretty(line));
    },
  };
}

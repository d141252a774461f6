import type pino from 'pino';
import type pinoPretty from 'pino-pretty';
import type { AnyActorRef } from 'xstate';
import { loadPeer } from '../loadPeer';
import type { Reporter } from './reporter';
import { logTo } from '../log/logTo';

/** `json` writes one object a line, for machines. `pretty` is for people. */
export type LogFormat = 'json' | 'pretty';

/**
 * Logs what happens to a server on stdout, with pino.
 * @throws {@link ServerchartError} `ERR_MISSING_PEER` without pino, or for `pretty` without pino-pretty
 */
export function pinoReporter(server: AnyActorRef, format: LogFormat): Reporter {
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
    // no pid and no hostname: the system that collects the logs knows them better
    base: null,
    timestamp: makePino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  };
  return makePino(options, format === 'pretty' ? prettyStdout() : process.stdout);
}

/**
 * Writes each line at once, as the command writes everything on stdout. A transport of pino would write in a thread,
 * and the end of the process would lose its last lines.
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

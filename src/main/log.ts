/** The server's log: one JSON line each on stderr, so that stdout stays for what commands print. */
import { destination, type Logger, pino } from 'pino';
import type { Log } from '../app/ports.ts';
import type { Config } from '../config.ts';

export const createLogger = (config: Config): Logger =>
  pino(
    { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination({ fd: 2, sync: true }),
  );

/** The form in which process managers log. */
export const toLog =
  (logger: Logger): Log =>
  (level, message, fields = {}) => {
    const { error, ...rest } = fields;
    logger[level](error === undefined ? rest : { ...rest, err: error }, message);
  };

import { type DestinationStream, destination, type Level, type Logger, pino } from "pino";
import pretty from "pino-pretty";

export const LOG_LEVELS: readonly (Level | "silent")[] = [
  "trace",
  "debug",
  "info",
  "warn",
  "error",
  "fatal",
  "silent",
];

/** For people on a terminal, JSON otherwise. It writes at once, so that nothing is lost when the process ends. */
export function makeLogger(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream());
}

function stream(): DestinationStream {
  if (!process.stdout.isTTY) return destination({ dest: 1, sync: true });
  return pretty({
    destination: 1,
    sync: true,
    translateTime: "SYS:HH:MM:ss",
    ignore: "pid,hostname",
    colorize: true,
  });
}

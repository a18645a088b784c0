import pino, { type DestinationStream, type Level, type Logger } from 'pino'
import { scrub } from './scrub.ts'

export type LogOptions = {
  readonly level: Level | 'silent'
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream
}

/** What a slow reader of standard output may leave unread. Past it lines are dropped: a log never holds up a request. */
const mostUnreadBytes = 8_388_608

/** Lines are written together, so many at once or so often: a system call for each costs more than making it. The end of the process writes what is left. */
const leastBytes = 4_096
const flushMs = 100

/** A log of JSON lines with RFC 3339 times and the service's name. Secrets are removed from whole lines, wherever they stand. */
export const createLog = ({ level, destination }: LogOptions): Logger =>
  pino(
    {
      level,
      base: { service: 'portico' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: scrub },
    },
    destination ??
      pino.destination({
        dest: 1,
        sync: false,
        minLength: leastBytes,
        periodicFlush: flushMs,
        maxLength: mostUnreadBytes,
      }),
  )

import pino, { type DestinationStream, type Level, type Logger } from 'pino'
import { logLineMasker } from '../kernel/mask/log-line.ts'
import type { Masker } from '../kernel/mask/masker.ts'
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
export const createLog = ({ level, destination }: LogOptions): Logger => {
  const kept: Kept = { mask: undefined, lost: () => {} }
  const log = pino(
    {
      level,
      base: { service: 'portico' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => (kept.mask === undefined ? scrub(line) : kept.mask(scrub(line))) },
    },
    destination ?? standardOutput(() => kept.lost()),
  )
  keeping.set(log, kept)
  return log
}

const standardOutput = (lost: () => void): DestinationStream => {
  const output = pino.destination({
    dest: 1,
    sync: false,
    minLength: leastBytes,
    periodicFlush: flushMs,
    maxLength: mostUnreadBytes,
  })
  output.on('drop', lost)
  return output
}

type Kept = { mask: ((line: string) => string) | undefined; lost: () => void }

/** Rules, and who counts, are known later than a log is needed. */
const keeping = new WeakMap<Logger, Kept>()

/** Tells of each line from now on that is lost because nobody reads the log. */
export const onLostLine = (log: Logger, lost: () => void): void => {
  const kept = keeping.get(log)
  if (kept !== undefined) kept.lost = lost
}

/** From now on lines of the log are masked so; a log that was made elsewhere is masked by whoever made it. */
export const maskLog = (log: Logger, masker: Masker | undefined): void => {
  const kept = keeping.get(log)
  if (kept !== undefined) kept.mask = masker && logLineMasker(masker)
}

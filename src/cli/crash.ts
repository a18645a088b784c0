import type { Logger } from 'pino'
import type { Exit } from './terminal.ts'

/**
 * Resolves with the exit of a program that met a fault which nobody caught. That is a line of the log, without the
 * credentials that its message may tell of: Node itself would write it to standard error as it is.
 */
export const crashed = (log: Logger): Promise<Exit> =>
  new Promise((resolve) => {
    process.on('uncaughtException', (err) => {
      log.fatal({ err }, 'a fault that nobody caught ends the process')
      resolve(1)
    })
  })

import type { EventEmitter } from 'node:events'

/** What knows when it is closed: a response, a socket. */
type Closing = EventEmitter & { [endings]?: (() => void)[] }

const endings: unique symbol = Symbol('endings')

/**
 * Runs when a response or socket closes, after what was asked before. Several parts of the gateway wait for the same
 * end of every request: one listener does for all, and nothing is taken off one by one.
 */
export const whenClosed = (closing: EventEmitter, run: () => void): void => {
  const one = closing as Closing
  const known = one[endings]
  if (known === undefined) {
    one[endings] = [run]
    one.on('close', runAll)
  } else known.push(run)
}

function runAll(this: Closing): void {
  const all = this[endings] ?? []
  this[endings] = []
  for (const run of all) run()
}

import { setTimeout as delay } from 'node:timers/promises'

const giveUpAfterMs = 5_000
const askEveryMs = 5

/** For what happens on the other side of a connection, with nothing to wait for on this side. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + giveUpAfterMs
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`Still not so after ${giveUpAfterMs} ms: ${String(isSo)}`)
    await delay(askEveryMs)
  }
}

import { setTimeout as delay } from 'node:timers/promises'

/** Far longer than anything takes on a busy machine: it only keeps a test that fails from standing still. */
const patienceMs = 20_000
const askEveryMs = 5

/** For what happens on the other side of a connection, with nothing to wait for on this side. */
export const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  const end = performance.now() + patienceMs
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`Still not so after ${patienceMs} ms: ${String(isSo)}`)
    await delay(askEveryMs)
  }
}

/** The first answer that is none of the failures before it: a connection that broke is replaced, which takes a moment. */
export const eventually = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
  const end = performance.now() + patienceMs
  for (;;) {
    try {
      return await ask()
    } catch (thrown) {
      if (performance.now() > end) throw thrown
      await delay(askEveryMs)
    }
  }
}

/** A figure once it no longer grows: the same ten times in a row, 20 ms apart. No event says that nothing happens. */
export const still = async (figure: () => number): Promise<number> => {
  let [last, equal] = [-1, 0]
  while (equal < 10) {
    const now = figure()
    equal = now === last ? equal + 1 : 0
    last = now
    await delay(20)
  }
  return last
}

/** What a service answers that never does: one that answers as its time ends may still be heard. */
export const silence = (): Promise<never> => new Promise(() => {})

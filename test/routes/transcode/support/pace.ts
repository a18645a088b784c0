import { type EventEmitter, once } from 'node:events'

/** A figure once it no longer grows: the same ten times in a row, 20 ms apart. No event says that nothing happens. */
export const still = async (figure: () => number): Promise<number> => {
  let [last, equal] = [-1, 0]
  while (equal < 10) {
    const now = figure()
    equal = now === last ? equal + 1 : 0
    last = now
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return last
}

/** Waits for events until one of them finds the condition true. */
export const until = async (source: EventEmitter, event: string, condition: () => boolean): Promise<void> => {
  while (!condition()) await once(source, event)
}

import { type EventEmitter, once } from 'node:events'

/** Waits for events until one of them finds the condition true. */
export const until = async (source: EventEmitter, event: string, condition: () => boolean): Promise<void> => {
  while (!condition()) await once(source, event)
}

/**
 * Milliseconds that this thread itself has run until something has happened. What a busy machine takes away does not
 * count; waiting does, for the event loop is kept turning meanwhile. For promises of some milliseconds, kept in one
 * process by all who take part.
 */
export const ownMs = async (happens: Promise<unknown>): Promise<number> => {
  const before = process.threadCpuUsage()
  const happened = happens.then(() => true)
  const turn = (): Promise<boolean> => new Promise((resolve) => setImmediate(resolve, false))
  while (!(await Promise.race([happened, turn()])));
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

/** Holds this thread up, as a long computation does. */
export const holdUp = (milliseconds: number): void => {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

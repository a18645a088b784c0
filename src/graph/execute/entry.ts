/** What one key or one request came to: a raw value, null for what is not there, or the Problem it failed with. */
export type Entry = { value: unknown; pending: Pending | undefined }

/** A call under way, and who waits for it. */
export class Pending {
  private waiting: (() => void)[] = []

  whenOver(proceed: () => void): void {
    this.waiting.push(proceed)
  }

  over(): void {
    for (const proceed of this.waiting) proceed()
  }
}

/** Goes on when all entries have their values: at once where they have. Entries of one call wait for it once. */
export const whenSettled = (entries: readonly Entry[], proceed: () => void): void => {
  let left = 0
  let last: Pending | undefined
  const oneOver = (): void => {
    left -= 1
    if (left === 0) proceed()
  }
  for (const { pending } of entries) {
    if (pending === undefined || pending === last) continue
    last = pending
    left += 1
    pending.whenOver(oneOver)
  }
  if (left === 0) proceed()
}

export const settledAt = (value: unknown): Entry => ({ value, pending: undefined })

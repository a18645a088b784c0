/** A bounded number of things that are open at the same time. */
export type Slots = {
  /** Takes a slot; undefined where none is free. Giving it back twice does nothing more. */
  readonly take: () => (() => void) | undefined
}

/** How many are taken. It outlives the slots of one generation: those of the next count what is still open, too. */
export type Taken = { count: number }

export const createSlots = (most: number, taken: Taken): Slots => ({
  take() {
    if (taken.count >= most) return undefined
    taken.count += 1
    let held = true
    return () => {
      if (held) taken.count -= 1
      held = false
    }
  },
})

/** A bounded number of things that are open at the same time. */
export type Slots = {
  /** Takes a slot; undefined where none is free. Giving it back twice does nothing more. */
  readonly take: () => (() => void) | undefined
}

export const createSlots = (most: number): Slots => {
  let taken = 0
  return {
    take() {
      if (taken >= most) return undefined
      taken += 1
      let held = true
      return () => {
        if (held) taken -= 1
        held = false
      }
    },
  }
}

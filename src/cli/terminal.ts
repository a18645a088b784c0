/** How a command ended: the process' exit status. 130 and 143 say that a second signal cut it. */
export type Exit = 0 | 1 | 2 | 130 | 143

/** Where a command writes; a test may hand in its own. */
export type Terminal = {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly colours: boolean
}

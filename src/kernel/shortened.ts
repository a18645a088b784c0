const usual = 64

/** A text that somebody else chose, not longer than a message should be that repeats it. */
export const shortened = (text: string, longest: number = usual): string =>
  text.length > longest ? `${text.slice(0, longest)}…` : text

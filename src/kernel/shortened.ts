const usual = 64
/** Of a card number, from where a group begins, or of an address. */
const halves = /(?:(?<!\d)\d(?:[ -]?\d){3,18}[ -]?|[^\s"'<>]*@[^\s"'<>]*)$/

/**
 * A text that somebody else chose, not longer than a message should be that repeats it. Half of a number or of an
 * address goes too: nobody could tell any more that it is to be masked.
 */
export const shortened = (text: string, longest: number = usual): string =>
  text.length > longest ? `${text.slice(0, longest).replace(halves, '')}…` : text

/** Header or trailer fields: names and values in turn, as they came; pseudo-header fields among them. */
export type Fields = readonly string[]

/** The value of a field, the first of several; undefined where it is not there. */
export const fieldOf = (fields: Fields, name: string): string | undefined => {
  for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1]
  return undefined
}

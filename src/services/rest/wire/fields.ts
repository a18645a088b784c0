/** Field names and values, as RFC 9110 §5.1 and §5.5 have them; both directions are held to the same. */

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const outsideOfValues = /[^\t\x20-\x7e\x80-\xff]/

/** Neither CR, LF, NUL nor another control character, nor what latin1 would turn into one. */
export const isFieldValue = (value: string): boolean => !outsideOfValues.test(value)

export const isToken = (text: string): boolean => token.test(text)

/**
 * Says something of each name, once: names come again and again in one spelling each. Bounded in number and length,
 * for some are others' to invent.
 */
export const rememberNames = <Verdict>(judge: (name: string) => Verdict): ((name: string) => Verdict) => {
  const known = new Map<string, Verdict>()
  return (name) => {
    let verdict = known.get(name)
    if (verdict === undefined) {
      verdict = judge(name)
      if (known.size < 1_024 && name.length <= 64) known.set(name, verdict)
    }
    return verdict
  }
}

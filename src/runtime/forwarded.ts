/** What one proxy says of the request that came to it (RFC 7239 §4), as it says it. */
export type Hop = {
  readonly for: string | undefined
  readonly proto: string | undefined
  readonly host: string | undefined
}

/** Brackets and colons without quotes are no token, but what some proxies write. */
const pair = /[ \t]*([\w!#$%&'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[\w!#$%&'*+.:[\]^`|~-]+)[ \t]*(?:;|$)/y

/**
 * Takes the last element of a Forwarded header off: the nearest proxy's own, which no text that stands before it can
 * change. No tail of an element is one itself, for a quote within quotes is escaped, and so never opens a value.
 * Undefined where there is none.
 */
export const lastHop = (header: string): { readonly hop: Hop; readonly before: string | undefined } | undefined => {
  for (let comma = header.lastIndexOf(','); ; comma = header.lastIndexOf(',', comma - 1)) {
    const hop = hopIn(header.slice(comma + 1))
    if (hop !== undefined) return { hop, before: comma < 0 ? undefined : header.slice(0, comma) }
    if (comma <= 0) return undefined
  }
}

/** Undefined where the text is no element. One that has a parameter twice says nothing, for either could be meant. */
const hopIn = (element: string): Hop | undefined => {
  const said = new Map<string, string>()
  let twice = false
  pair.lastIndex = 0
  while (pair.lastIndex < element.length) {
    const [, name, value = ''] = pair.exec(element) ?? []
    if (name === undefined) return undefined
    const key = name.toLowerCase()
    twice ||= said.has(key)
    said.set(key, value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value)
  }
  if (twice) said.clear()
  return { for: said.get('for'), proto: said.get('proto'), host: said.get('host') }
}

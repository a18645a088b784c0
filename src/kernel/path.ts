const plain = /^(?:\/(?!\.\.?(?:\/|$))[A-Za-z0-9._~!$&'()*+,;=:@-]+)*\/?$/

/**
 * The canonical path of a request target, without its query: unreserved percent-escapes decoded, the others upper
 * case, bytes that no path may hold escaped, dot segments resolved, slashes merged (RFC 3986 §6.2.2). Routing,
 * policies, logs and upstream calls all use this one form.
 *
 * Undefined where two readers could disagree about the path, which is then refused: an escaped slash, backslash,
 * control character or `#`, a bare backslash or `#`, `..` above the root, a broken escape, and targets that are no
 * path (`http://host/`, `//host`, `*`).
 */
export const canonicalPath = (target: string): string | undefined => {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  if (path.charCodeAt(0) !== slash || path.charCodeAt(1) === slash || target.includes('#')) return undefined
  return plain.test(path) ? path : resolved(path)
}

const slash = 0x2f
const escape = /%([0-9A-Fa-f]{2})?|[^A-Za-z0-9._~!$&'()*+,;=:@/-]/g
const unreserved = /[A-Za-z0-9._~-]/

const resolved = (path: string): string | undefined => {
  let refused = false
  const decoded = path.replace(escape, (found, digits: string | undefined) => {
    const byte = digits === undefined ? found.charCodeAt(0) : Number.parseInt(digits, 16)
    const broken = (found.startsWith('%') && digits === undefined) || byte > 0xff
    if (broken || ambiguous(byte)) refused = true
    if (digits !== undefined && unreserved.test(String.fromCharCode(byte))) return String.fromCharCode(byte)
    return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  })
  return refused ? undefined : withoutDots(decoded)
}

/** Slash, backslash, `#`, control characters: what some reader takes for the end of a segment, a path or a string. */
const ambiguous = (byte: number): boolean =>
  byte < 0x20 || byte === 0x7f || byte === slash || byte === 0x5c || byte === 0x23

const withoutDots = (path: string): string | undefined => {
  const kept: string[] = []
  const segments = path.split('/')
  for (const segment of segments) {
    if (segment === '..' && kept.pop() === undefined) return undefined
    if (segment !== '' && segment !== '.' && segment !== '..') kept.push(segment)
  }
  const last = segments.at(-1)
  const open = last === '' || last === '.' || last === '..'
  return kept.length === 0 ? '/' : `/${kept.join('/')}${open ? '/' : ''}`
}

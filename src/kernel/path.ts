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

/**
 * What a reader who decodes all there is to decode takes a target's path for, in canonical form: escaped slashes and
 * backslashes are slashes, and slashes are merged. For routes that pass paths on as they came, which no reading may
 * bring to another. Undefined for what no route passes on: dot segments, control characters, `#`, a broken escape.
 */
export const loosestPath = (target: string): string | undefined => {
  const path = target.split('?', 1)[0] as string
  if (path.charCodeAt(0) !== slash || target.includes('#') || /%(?![0-9A-Fa-f]{2})/.test(path)) return undefined
  const decoded = path
    .replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replaceAll('\\', '/')
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f#]|[^\u0000-\u00ff]/.test(decoded)) return undefined
  const segments = decoded.split('/').filter((segment) => segment !== '')
  if (segments.includes('.') || segments.includes('..')) return undefined
  const open = segments.length > 0 && decoded.endsWith('/') ? '/' : ''
  return `/${segments.map(escaped).join('/')}${open}`
}

const escaped = (segment: string): string =>
  segment.replace(
    /[^A-Za-z0-9._~!$&'()*+,;=:@-]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )

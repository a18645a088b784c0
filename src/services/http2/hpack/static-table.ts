/** RFC 7541 Appendix A, from index 1 on: `name value`, or a name alone where the value is empty. */
const written = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`

/** A field of a table. */
export type TableField = {
  readonly name: string
  readonly value: string
  /** Whether HTTP/2 may carry it (RFC 9113 §8.2.1). */
  readonly valid: boolean
}

export const staticTable: readonly TableField[] = written.split('\n').map((line) => {
  const space = line.indexOf(' ')
  return space < 0
    ? { name: line, value: '', valid: true }
    : { name: line.slice(0, space), value: line.slice(space + 1), valid: true }
})

type Indexes = { readonly name: number; readonly byValue: ReadonlyMap<string, number> }

/** Where a name stands: the first index that has it, and those of whole fields. */
export const staticIndexes: ReadonlyMap<string, Indexes> = (() => {
  const indexes = new Map<string, { readonly name: number; readonly byValue: Map<string, number> }>()
  for (const [at, { name, value }] of staticTable.entries()) {
    const known = indexes.get(name) ?? { name: at + 1, byValue: new Map() }
    indexes.set(name, known)
    if (value !== '') known.byValue.set(value, at + 1)
  }
  return indexes
})()

import { array, constantFrom, oneof, record } from 'fast-check'

/** Requests that have fooled gateways, in pieces to be put together at random, and what the most generous service makes of them. */

const { PORTICO_RUNS, PORTICO_SEED } = process.env

/** Of the numbers that requests are made of; `PORTICO_SEED` for the same again. */
export const seed = PORTICO_SEED === undefined ? Date.now() | 0 : Number(PORTICO_SEED)

/** How many requests are tried, or as many as `PORTICO_RUNS` says. */
export const runs = (usual: number) => ({ seed, numRuns: Number(PORTICO_RUNS ?? usual) })

const unescaped = (text: string): string =>
  text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** A path as the most generous reader has it: escapes decoded, backslashes slashes, slashes merged, dots resolved. */
export const read = (url: string): string => resolved(unescaped(url.split('?')[0] ?? ''))

/** The same of a text without escapes. */
export const resolved = (path: string): string => {
  const kept: string[] = []
  for (const segment of path.split(/[/\\]+/)) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

/** A host as the most generous reader has it: without who asks, port and last dot, in lower case. */
export const readHost = (host: string): string =>
  unescaped(host)
    .replace(/^.*[@,/\\ ]/, '')
    .replace(/:\d*$/, '')
    .replace(/\.$/, '')
    .toLowerCase()

/** Names that a service takes for the gateway's word: dashes and underscores are one to some. */
const vouched =
  /^(?:x-forwarded(?:-.*)?|forwarded|x-real-ip|true-client-ip|cf-connecting-ip|x-auth-.*|x-consumer-.*|x-user.*|x-ssl-.*|x-client-cert.*|x-original-.*|x-rewrite-.*|x-http-method-override|remote-user|proxy|x-caller)$/

export const spoofed = (headers: readonly string[]): readonly string[] =>
  headers.filter(
    (name, index) =>
      index % 2 === 0 &&
      headers[index + 1]?.includes('spoofed') === true &&
      vouched.test(name.toLowerCase().replaceAll('_', '-')),
  )

export const valuesOf = (headers: readonly string[], name: string): readonly string[] =>
  headers.flatMap((one, index) =>
    index % 2 === 0 && one.toLowerCase().replaceAll('_', '-') === name ? [headers[index + 1] ?? ''] : [],
  )

const pieces = [
  '/',
  '/',
  '/',
  '//',
  '\\',
  '%2f',
  '%2F',
  '%5c',
  '/./',
  '/../',
  '/.%2e/',
  '/%2e%2e/',
  '/..%2f',
  '..',
  '.',
  '%2e',
  'admin',
  'admin',
  '%61dmin',
  '%61%64%6D%69%6e',
  'ADMIN',
  'admin;x',
  'admin%3b',
  'admin%20',
  'own',
  '%6fwn',
  'raw',
  '%72aw',
  'inner',
  'inner',
  '%69nner',
  'strip',
  'strip',
  'public',
  'x',
  '*',
  '@',
  '~',
  '%7e',
  'é',
  '"',
  '?',
  '?/../admin',
  '#',
  '%23',
  '%3f',
  '%00',
  '%0d%0aX-Caller:%20spoofed',
  '%252f',
  '%252e%252e',
  '%',
  '%zz',
  ';',
  ':',
] as const

const begins = [
  '/',
  '/',
  '/',
  '/admin/',
  '/admin/own/',
  '/raw/',
  '/raw/inner/',
  '/strip/',
  '//',
  '',
  'http://a/',
  '*',
] as const

const names = [
  'X-Caller',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Prefix',
  'Forwarded',
  'X-Real-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  'X-Auth-Sub',
  'X-Consumer-Username',
  'X-User-Id',
  'X-SSL-Client',
  'X-Client-Cert',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-HTTP-Method-Override',
  'Remote-User',
  'Proxy',
  'X-Plain',
] as const

const forms = [
  (name: string) => name,
  (name: string) => name.toLowerCase(),
  (name: string) => name.toUpperCase(),
  (name: string) => name.replaceAll('-', '_'),
  (name: string) => name.replace('-', '_'),
] as const

/** A header that only a gateway may say, or Connection that names one, in some spelling. */
export const header = record({
  name: constantFrom(...names),
  form: constantFrom(...forms),
  how: constantFrom('say', 'name'),
}).map(({ name, form, how }): readonly [string, string] =>
  how === 'say' ? [form(name), 'spoofed'] : ['Connection', `keep-alive, ${form(name)},,Authorization`],
)

/** A few that nobody refuses, so that what is odd about a path is not always one thing too many. */
const tame = ['/', '/', 'admin', '%61dmin', 'own', 'raw', 'inner', 'strip', 'x', '/./', '//', '%7e', ';', '?']

const piece = oneof({ weight: 2, arbitrary: constantFrom(...tame) }, { weight: 1, arbitrary: constantFrom(...pieces) })

/** A request target: a path in some spelling, now and then something else. */
export const target = record({
  begin: oneof(
    { weight: 4, arbitrary: constantFrom('/', '/admin/', '/admin/own/', '/raw/', '/strip/') },
    constantFrom(...begins),
  ),
  rest: array(piece, { maxLength: 6 }),
}).map(({ begin, rest }) => begin + rest.join(''))

/** Several pieces of a path in one text, for where a value is asked. */
export const value = array(constantFrom(...pieces), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))

/** What stands in Host, or in `:authority`: now and then what one reader takes for one host, and the next for another. */
export const host = oneof(
  {
    weight: 6,
    arbitrary: constantFrom(
      'shop.example',
      'shop.example',
      'shop.example:80',
      'admin.example',
      'ADMIN.example:8080',
      'admin.example.',
    ),
  },
  constantFrom(
    'shop.example@admin.example',
    'shop.example,admin.example',
    'admin.example:80:80',
    '%61dmin.example',
    'shop.example/admin.example',
    'admin.example#',
    'admin.example;x',
    '',
  ),
)

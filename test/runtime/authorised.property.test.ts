import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { array, assert as assertAll, asyncProperty, constantFrom, record } from 'fast-check'
import { SignJWT } from 'jose'
import { exchangeBytes, startService } from '../routes/proxy/support/gateway.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'

/**
 * What the gateway let through against what a service received, over raw sockets: paths in every spelling that has
 * fooled a gateway, headers that only a gateway may say, callers of several kinds, guards on overlapping prefixes.
 */
describe('whatever a client sends', () => {
  it('a service is asked for no guarded path by who may not, and hears nobody in the gateway’s voice', async (t) => {
    const { send, counts } = await gateway(t)
    await assertAll(
      asyncProperty(request, async (asked) => {
        const { seen, status } = await send(asked)
        assert.ok(seen.length <= 1, 'one request, one call')
        for (const one of seen) {
          const { server, url } = one
          const path = read(url)
          if (server === 'based') assert.match(path, /^\/base(\/|$)/)
          const right = server === 'based' ? undefined : rightTo(path)
          assert.ok(right === undefined || right === asked.caller, `${asked.caller} got ${url} by ${status}`)
          assert.deepEqual(spoofed(one.headers), [])
          assert.deepEqual(valuesOf(one.headers, 'x-caller'), callerSeen(right))
          assert.deepEqual(valuesOf(one.headers, 'x-forwarded-for'), ['127.0.0.1'])
          assert.deepEqual(valuesOf(one.headers, 'authorization'), [])
        }
      }),
      { numRuns: 400 },
    )
    // What nobody refuses, and what nobody lets through, would show nothing.
    assert.ok(counts.passed > 20 && counts.refused > 20, JSON.stringify(counts))
  })

  it('is let through to a guarded path where the caller has the right', async (t) => {
    const { send } = await gateway(t)
    for (const [caller, target] of [
      ['staff', '/admin/x'],
      ['shopper', '/admin/own/x'],
      ['staff', '/%61dmin//x/../y'],
    ] as const) {
      const { seen } = await send({ caller, target, headers: [['X-Caller', 'spoofed']] })
      assert.deepEqual(
        seen.map(({ headers }) => valuesOf(headers, 'x-caller')),
        [[caller]],
        target,
      )
    }
  })
})

type Caller = 'nobody' | 'staff' | 'shopper'
type Asked = {
  readonly caller: Caller
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
}
type Seen = { readonly server: 'open' | 'based'; readonly url: string; readonly headers: readonly string[] }

/** Who may have a path, by the reading of a service that takes nothing literally. */
const rightTo = (path: string): Caller | undefined => {
  if (/^\/admin\/own(\/|$)/.test(path)) return 'shopper'
  if (/^\/(?:admin|raw\/inner)(\/|$)/.test(path)) return 'staff'
  return undefined
}

/** Open routes ask nobody who they are: they vouch for nobody. */
const callerSeen = (right: Caller | undefined): readonly string[] => (right === undefined ? [] : [right])

/** A path as the most generous reader has it: escapes decoded, backslashes slashes, slashes merged, dots resolved. */
const read = (url: string): string => {
  const path = (url.split('?')[0] ?? '').replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  const kept: string[] = []
  for (const segment of path.split(/[/\\]+/)) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

/** Names that a service takes for the gateway's word: dashes and underscores are one to some. */
const vouched =
  /^(?:x-forwarded(?:-.*)?|forwarded|x-real-ip|true-client-ip|cf-connecting-ip|x-auth-.*|x-consumer-.*|x-user.*|x-ssl-.*|x-client-cert.*|x-original-.*|x-rewrite-.*|x-http-method-override|remote-user|proxy|x-caller)$/

const spoofed = (headers: readonly string[]): readonly string[] =>
  headers.filter(
    (name, index) =>
      index % 2 === 0 &&
      headers[index + 1]?.includes('spoofed') === true &&
      vouched.test(name.toLowerCase().replaceAll('_', '-')),
  )

const valuesOf = (headers: readonly string[], name: string): readonly string[] =>
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

const header = record({
  name: constantFrom(...names),
  form: constantFrom(...forms),
  how: constantFrom('say', 'name'),
}).map(({ name, form, how }): readonly [string, string] =>
  how === 'say' ? [form(name), 'spoofed'] : ['Connection', `keep-alive, ${form(name)},,Authorization`],
)

const request = record({
  caller: constantFrom<Caller>('nobody', 'nobody', 'staff', 'shopper'),
  target: record({ begin: constantFrom(...begins), rest: array(constantFrom(...pieces), { maxLength: 7 }) }).map(
    ({ begin, rest }) => begin + rest.join(''),
  ),
  headers: array(header, { maxLength: 5 }),
})

const secrets = { staff: 's'.repeat(32), shopper: 'p'.repeat(32) } as const

const tokenOf = (caller: 'staff' | 'shopper'): Promise<string> =>
  new SignJWT({ iss: `https://${caller}.test`, aud: 'portico', sub: caller, exp: 4_102_444_800 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secrets[caller]))

/** Guards of two kinds of callers inside of each other and of open routes, canonical and raw, before two services. */
const gateway = async (t: TestContext) => {
  let seen: Seen[] = []
  const counts = { passed: 0, refused: 0 }
  const service = (server: Seen['server']) =>
    startService(t, ({ url = '', rawHeaders }, response) => {
      seen.push({ server, url, headers: rawHeaders })
      response.end()
    })
  const [open, based] = await Promise.all([service('open'), service('based')])
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  open: { rest: "${open.origin}", identity: { headers: { X-Caller: subject } } }
  based: { rest: "${based.origin}/base", identity: { headers: { X-Caller: subject } } }
auth:
  staff: { jwt: { issuer: https://staff.test, audience: portico, secret: "${secrets.staff}" } }
  shoppers: { jwt: { issuer: https://shopper.test, audience: portico, secret: "${secrets.shopper}" } }
routes:
  - { path: /*, service: open }
  - { path: /admin/*, service: open, auth: staff }
  - { path: /admin/own/*, service: open, auth: shoppers }
  - { path: /raw/*, service: open, pathMode: raw }
  - { path: /raw/inner/*, service: open, auth: staff }
  - { path: /strip/*, service: based, stripPrefix: true }
`,
  })
  t.after(remove)
  const { url, close } = await startGateway(dir)
  t.after(close)
  const port = Number(new URL(url).port)
  const tokens = { staff: await tokenOf('staff'), shopper: await tokenOf('shopper'), nobody: undefined }
  const send = async ({ caller, target, headers }: Asked) => {
    seen = []
    const token = tokens[caller]
    const lines = [
      'Host: shop.example',
      ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
      ...headers.map(([name, value]) => `${name}: ${value}`),
      'Connection: close',
    ]
    const bytes = await exchangeBytes(port, `GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    counts[seen.length > 0 ? 'passed' : 'refused'] += 1
    return { seen, status: Number(bytes.split(' ')[1]) }
  }
  return { send, counts }
}

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import * as fc from 'fast-check'
import { workspaceConfig } from '../../src/compile/config.ts'
import { planned } from '../../src/config/planned.ts'
import { readConfig } from '../../src/config/read.ts'
import { told } from '../support/told.ts'

describe('readConfig: a good file', () => {
  it('reads the reference workspace clean', () => {
    const { value, diagnostics } = read(readFileSync('portico.yaml', 'utf8'))
    assert.equal(told(diagnostics), '')
    assert.deepEqual(value?.listen, { host: '0.0.0.0', port: 8080 })
    assert.equal(value.services['users']?.timeout.try, 800)
  })

  it('puts variables in, typed as their place asks, whether quoted or not', () => {
    const { value } = read(
      'listen: ${HOST}:${PORT:-8080}\naccessLog: ${LOG}\nlimits: { depth: "${DEPTH:-3}" }\nservices: {}\n',
      { HOST: '127.0.0.1', LOG: 'false' },
    )
    assert.deepEqual(value?.listen, { host: '127.0.0.1', port: 8080 })
    assert.equal(value.accessLog, false)
    assert.equal(value.limits.depth, 3)
  })

  it('keeps a number from the environment as text where text is asked for', () => {
    const { value } = read(provider('issuer: "${ISSUER}", audience: a, jwks: k'), { ISSUER: '0123' })
    assert.equal(issuerIn(value).issuer, '0123')
  })

  it('takes the default of an empty variable, and the empty text of one without a default', () => {
    const { value } = read(provider('issuer: "a${EMPTY:-b}c${EMPTY}", audience: a, jwks: k'), { EMPTY: '' })
    assert.equal(issuerIn(value).issuer, 'abc')
  })

  it('reads $${ as a literal ${', () => {
    const { value } = read(provider('issuer: "$${A}", audience: a, jwks: k'))
    assert.equal(issuerIn(value).issuer, '${A}')
  })

  it('reads a secret from a file, without the newline that ends it', () => {
    writeFileSync(join(folder, 'key.txt'), 'not so secret\n')
    const { value } = read(provider('issuer: i, audience: a, secret: file:key.txt'))
    assert.equal(issuerIn(value).secret, 'not so secret')
  })

  it('follows anchors', () => {
    const { value } = read('services:\n  a: &a { rest: "http://127.0.0.1:1", identity: none }\n  b: *a\n')
    assert.deepEqual(value?.services['b'], value?.services['a'])
  })
})

const rest = 'rest: "http://127.0.0.1:1"'

const issuerIn = (value: ReturnType<typeof read>['value']) => {
  const entry = value?.auth['a']
  const issuer = entry !== undefined && 'jwt' in entry ? entry.jwt[0] : undefined
  assert.ok(issuer !== undefined && 'issuer' in issuer)
  return issuer
}

/** What YAML and workspaces are made of, to be thrown together. */
const words = [
  ': ',
  ':\n',
  '- ',
  '\n',
  '\n  ',
  '{',
  '}',
  '[',
  ']',
  ', ',
  '"',
  "'",
  '#',
  '|',
  '? ',
  '\t',
  '\r\n',
  '1',
  'null',
  'a',
  '${',
  '${A}',
  '${B:-1}',
  '&x ',
  '*x',
  '!t ',
  '%YAML 1.1\n---\n',
  '<<: ',
  '\u{feff}',
  '\u{1f600}',
  'services',
  'rest',
  'grpc',
  'identity',
  'routes',
  'auth',
]

/** Each mistake with the whole of what its author reads. */
const mistakes: readonly { readonly title: string; readonly text: string; readonly told: string }[] = [
  {
    title: 'names the key an unknown one most likely meant',
    text: `services:\n  users:\n    ${rest}\n    identity: none\n    timout: 5s\n`,
    told: `portico.yaml:5:5  services.users.timout
    timout: 5s
    ^ Unknown key \`timout\`. Did you mean timeout?`,
  },
  {
    title: 'shows a missing key at the key above it',
    text: `services:\n  users:\n    ${rest}\n`,
    told: `portico.yaml:2:3  services.users.identity
    users:
    ^ \`identity\` is missing: expected forward, none, headers, { headers: … } or { service: … }.`,
  },
  {
    title: 'tells what a missing text is for',
    text: 'services: {}\nbffs:\n  web:\n    schema: a.graphql\n',
    told: `portico.yaml:3:3  bffs.web.prefix
    web:
    ^ \`prefix\` is missing: the path every address of the BFF starts with.`,
  },
  {
    title: 'says which keys one of must be there',
    text: 'services: {}\nroutes:\n  - path: /a\n',
    told: `portico.yaml:3:5  routes[0]
    - path: /a
      ^ A route needs \`service\`, \`versions\`, \`split\`, \`transcode\`, \`redirect\` or \`respond\`.`,
  },
  {
    title: 'reports a misspelt required key once',
    text: `services:\n  users: { ${rest}, identty: none }\n`,
    told: `portico.yaml:2:40  services.users.identty
    users: { rest: "http://127.0.0.1:1", identty: none }
                                         ^ Unknown key \`identty\`. Did you mean identity?`,
  },
  {
    title: 'says what an empty file misses',
    text: '',
    told: `portico.yaml:1:1  services
    \`services\` is missing: the backends, by name.`,
  },
  {
    title: 'says what was expected and what was found',
    text: 'services: {}\nbudget: 10\n',
    told: `portico.yaml:2:9  budget
    budget: 10
            ^ Expected a duration such as 800ms, 30s, 5m, 1h or 1d, found the number 10.`,
  },
  {
    title: 'suggests the nearest of a few words',
    text: `services:\n  users: { ${rest}, identity: forwrd }\n`,
    told: `portico.yaml:2:50  services.users.identity
    users: { rest: "http://127.0.0.1:1", identity: forwrd }
                                                   ^ Expected forward, none, headers, { headers: … } or { service: … }, found \`forwrd\`. Did you mean forward?`,
  },
  {
    title: 'says how to write an empty mapping',
    text: 'services: {}\nlimits:\n',
    told: `portico.yaml:2:1  limits
    limits:
    ^ Expected a mapping, found nothing. Write {} for an empty one.`,
  },
  {
    title: 'says to quote a number that should be text',
    text: provider('issuer: 55, audience: a, jwks: k'),
    told: `portico.yaml:2:29  auth.a.jwt.issuer
    auth: { a: { jwt: { issuer: 55, audience: a, jwks: k } } }
                                ^ Expected text, found the number 55. Quote it: "55".`,
  },
  {
    title: 'asks a service for its protocol',
    text: 'services:\n  users: { identity: none }\n',
    told: `portico.yaml:2:3  services.users
    users: { identity: none }
    ^ A service needs \`rest\` or \`grpc\`.`,
  },
  {
    title: 'refuses two protocols in one service',
    text: `services:\n  users: { ${rest}, grpc: "a:1", identity: none }\n`,
    told: `portico.yaml:2:40  services.users.grpc
    users: { rest: "http://127.0.0.1:1", grpc: "a:1", identity: none }
                                         ^ A service has \`rest\` or \`grpc\`, not both.`,
  },
  {
    title: 'says which protocol a key goes with',
    text: `services:\n  users: { ${rest}, proto: a, identity: none }\n`,
    told: `portico.yaml:2:40  services.users.proto
    users: { rest: "http://127.0.0.1:1", proto: a, identity: none }
                                         ^ \`proto\` goes with \`grpc\`, not with \`rest\`.`,
  },
  {
    title: 'picks the form of a union by what stands there',
    text: 'services: {}\nbffs:\n  web: { prefix: /w, schema: s, rateLimit: { limit: 1, window: 1m, by: {} } }\n',
    told: `portico.yaml:3:68  bffs.web.rateLimit.by
    web: { prefix: /w, schema: s, rateLimit: { limit: 1, window: 1m, by: {} } }
                                                                     ^ \`by\` needs \`claim\` or \`header\`.`,
  },
  {
    title: 'tells a scalar all forms of its union',
    text: 'services: {}\nbffs:\n  web: { prefix: /w, schema: s, compression: false }\n',
    told: `portico.yaml:3:46  bffs.web.compression
    web: { prefix: /w, schema: s, compression: false }
                                               ^ Expected true or a mapping, found false. Remove \`compression\` to turn it off.`,
  },
  {
    title: 'shows a broken rule over several keys at the key it is about',
    text: 'services: {}\nroutes:\n  - path: /a\n    service: a\n    cors: { origins: ["*"], credentials: true }\n',
    told: `portico.yaml:5:42  routes[0].cors.credentials
    cors: { origins: ["*"], credentials: true }
                                         ^ credentials needs named origins, not *.`,
  },
  {
    title: 'refuses a name that is none, at the name',
    text: `services:\n  9a: { ${rest}, identity: none }\n`,
    told: `portico.yaml:2:3  services.9a
    9a: { rest: "http://127.0.0.1:1", identity: none }
    ^ A name has letters, digits and dashes, and starts with a letter.`,
  },
  {
    title: 'refuses a key that stands twice',
    text: 'services: {}\nbudget: 1s\nbudget: 2s\n',
    told: `portico.yaml:3:1  budget
    budget: 2s
    ^ \`budget\` stands here twice. Keep one.`,
  },
  {
    title: 'names a variable that is not set, and how to give it a default',
    text: 'services: {}\nlisten: ${LISTEN}\n',
    told: `portico.yaml:2:9  listen
    listen: \${LISTEN}
            ^ LISTEN is not set in the environment. Set it, or give a default: \${LISTEN:-…}.`,
  },
  {
    title: 'refuses what only looks like a variable',
    text: 'services: {}\nlisten: ${LISTEN-x}\n',
    told: `portico.yaml:2:9  listen
    listen: \${LISTEN-x}
            ^ Expected \${NAME} or \${NAME:-default}. A literal \${ is written $\${.`,
  },
  {
    title: 'refuses a variable in a key',
    text: 'services: {}\n${A}: 1\n',
    told: `portico.yaml:2:1
    \${A}: 1
    ^ Variables stand in values, not in keys. Write the key out.`,
  },
  {
    title: 'says to quote a variable inside { } and [ ], and reads on',
    text: 'services:\n  a: { rest: ${A:-http://x}, identity: none }\n  b: [${B}]\n',
    told: `portico.yaml:2:14  services.a.rest
    a: { rest: \${A:-http://x}, identity: none }
               ^ YAML reads the braces of an unquoted \${A:-http://x} as its own inside { } and [ ]. Quote it: "\${A:-http://x}".

portico.yaml:3:6  services.b
    b: [\${B}]
       ^ Expected a mapping, found a list.

portico.yaml:3:7  services.b[0]
    b: [\${B}]
        ^ YAML reads the braces of an unquoted \${B} as its own inside { } and [ ]. Quote it: "\${B}".`,
  },
  {
    title: 'names a secret file that does not exist',
    text: provider('issuer: i, audience: a, secret: file:nowhere.txt'),
    told: `portico.yaml:2:53  auth.a.jwt.secret
    auth: { a: { jwt: { issuer: i, audience: a, secret: file:nowhere.txt } } }
                                                        ^ nowhere.txt does not exist. Paths after file: start at the workspace's folder, or with /.`,
  },
  {
    title: 'covers a secret that stands on the line of another mistake',
    text: provider('isuer: i, issuer: i, audience: a, secret: hunter2'),
    told: `portico.yaml:2:21  auth.a.jwt.isuer
    auth: { a: { jwt: { isuer: i, issuer: i, audience: a, secret: ******* } } }
                        ^ Unknown key \`isuer\`. Did you mean issuer?`,
  },
  {
    title: 'says that a planned setting is not built yet',
    text: `services:\n  a: { ${rest}, identity: none, headers: 3 }\ntracing: true\n`,
    told: `portico.yaml:2:52  services.a.headers
    a: { rest: "http://127.0.0.1:1", identity: none, headers: 3 }
                                                     ^ \`headers\` is not built yet: this version has no header rules. Remove it.

portico.yaml:3:1  tracing
    tracing: true
    ^ \`tracing\` is not built yet: this version has no tracing. Remove it.`,
  },
  {
    title: 'does not miss what a planned setting would have replaced',
    text: 'services: {}\nauth:\n  staff:\n    ldap: users.test\n',
    told: `portico.yaml:4:5  auth.staff.ldap
    ldap: users.test
    ^ \`ldap\` is not built yet: this version has no LDAP. Remove it.`,
  },
  {
    title: 'says that tabs do not indent',
    text: 'services:\n\ta: 1\n',
    told: `portico.yaml:2:1
    a: 1
    ^ YAML is indented with spaces, not tabs.`,
  },
  {
    title: 'shows where the text stops being YAML',
    text: 'services: {}\nbudget: a: b\n',
    told: `portico.yaml:2:9
    budget: a: b
            ^ A second "key: value" cannot start inside a value. Quote a value that holds ": ", or check the indentation of the lines around it.`,
  },
  {
    title: 'refuses a second document',
    text: 'services: {}\n---\nbudget: 1s\n',
    told: `portico.yaml:2:1
    ---
    ^ A workspace is one YAML document. Remove everything from this --- on.`,
  },
  {
    title: 'refuses an alias inside its own anchor',
    text: 'services: &s\n  a: *s\n',
    told: `portico.yaml:2:6  services.a
    a: *s
       ^ *s stands inside its own anchor.`,
  },
  {
    title: 'refuses an alias without an anchor',
    text: 'services: *s\n',
    told: `portico.yaml:1:11  services
    services: *s
              ^ There is no anchor &s above.`,
  },
]

describe('readConfig: mistakes', () => {
  for (const { title, text, told: expected } of mistakes) {
    it(title, () => {
      const { value, diagnostics } = read(text)
      assert.equal(told(diagnostics), expected)
      assert.equal(value, undefined)
    })
  }

  it('says what the environment gave, unless the key is a secret or it holds credentials', () => {
    const text = 'services: {}\nbudget: ${B}\nlisten: ${L}\n'
    const messages = read(text, { B: 'soon', L: 'http://me:hunter2@x' }).diagnostics.map(({ message }) => message)
    assert.match(messages[0] ?? '', /found `soon` from the environment\.$/)
    assert.match(messages[1] ?? '', /found a text from the environment that is not shown here\.$/)
    const secret = read(provider('issuer: i, audience: a, secret: "${S}"'), { S: 'file:/hunter2' })
    assert.equal(secret.diagnostics.length, 1)
    assert.doesNotMatch(told(secret.diagnostics), /hunter2/)
  })

  it('refuses aliases that multiply a file past all measure', () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const inner = level === 0 ? 'x' : `*l${level - 1}`
      return `  - &l${level} [${Array.from({ length: 9 }, () => inner).join(', ')}]`
    })
    const { diagnostics } = read(`services: {}\ntrustedProxies:\n${levels.join('\n')}\n`)
    assert.ok(diagnostics.some(({ message }) => message.startsWith('The aliases of this file multiply it')))
  })

  it('refuses what nests without end', () => {
    assert.equal(read(`a: ${'['.repeat(50_000)}`).value, undefined)
    assert.equal(read(`a: ${'['.repeat(100)}${']'.repeat(100)}`).value, undefined)
  })

  it('takes keys that JavaScript treats specially for unknown ones', () => {
    const { diagnostics } = read('services: {}\n__proto__: { x: 1 }\nconstructor: 1\n')
    assert.deepEqual(
      diagnostics.map(({ coordinate }) => coordinate),
      ['__proto__', 'constructor'],
    )
  })

  it('never throws, and places every mistake inside the file', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(anything, (text) => {
        const lines = text.split('\n')
        for (const { place } of read(text, { A: 'a' }).diagnostics) {
          assert.ok(place.line >= 1 && place.line <= lines.length)
          assert.ok(place.column >= 1 && place.column <= (lines[place.line - 1]?.length ?? 0) + 1)
        }
      }),
      { numRuns: 1_500 },
    )
  })
})

describe('places', () => {
  it('finds keys, values and, for what is absent, the nearest setting above', () => {
    const { places } = read('services:\n  a: { grpc: "a:1" }\nroutes:\n  - path: /a\n')
    const at = (...[path, part]: Parameters<typeof places.at>) => {
      const { line, column } = places.at(path, part)
      return `${line}:${column}`
    }
    assert.equal(at(['services', 'a', 'grpc'], 'key'), '2:8')
    assert.equal(at(['services', 'a', 'grpc'], 'value'), '2:14')
    assert.equal(at(['services', 'a', 'proto', 0], 'value'), '2:3')
    assert.equal(at(['services', 'b'], 'value'), '1:1')
    assert.equal(at(['routes', 0, 'path'], 'value'), '4:11')
    assert.equal(at([], 'key'), '1:1')
  })
})

const folder = mkdtempSync(join(tmpdir(), 'portico-config-'))
after(() => rmSync(folder, { recursive: true }))

function provider(settings: string): string {
  return `services: {}\nauth: { a: { jwt: { ${settings} } } }\n`
}

function read(text: string, env: Readonly<Record<string, string>> = {}) {
  return readConfig({ file: 'portico.yaml', text, shape: workspaceConfig, env, workspaceDir: folder, planned })
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { jsonReport } from '../../src/cli/report.ts'
import { sarifReport } from '../../src/cli/sarif.ts'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { formatDiagnostics } from '../../src/kernel/diagnostic.ts'
import { layWorkspace } from '../support/gateway.ts'

/** Every kind of secret, each written out as nobody should. */
const files = {
  'portico.yaml': `listen: 127.0.0.1:0
redis: redis://:planted-of-redis@127.0.0.1:1
mask:
  secret: planted-of-masks-and-hashes
  rules: [{ path: "**.password", becomes: hash, in: logs }]
auth:
  shoppers:
    jwt: { issuer: https://id.test, audience: portico, secret: planted-of-tokens-thirty-two-bytes-long }
  machines:
    oauth2:
      introspection: https://id.test/introspect
      clientId: gateway
      clientSecret: planted-of-a-client
  partners: { apiKey: { file: keys.json } }
  staff: { basic: { file: staff, transport: any } }
services:
  ledger:
    rest: http://127.0.0.1:1
    identity: { service: { tokenUrl: "http://127.0.0.1:1/token", clientId: gateway, clientSecret: planted-of-the-ledger } }
bffs:
  web: { prefix: /web, schema: schema.graphql }
routes:
  - { path: /ledger, service: ledger, auth: [shoppers, machines, partners, staff] }
`,
  'keys.json': '{ "keys": [] }',
  staff: '',
  'schema.graphql': `type Query {
  a: String @rest(service: "ledger", get: "/a")
}
`,
}

/** Ways in which people write a line of YAML wrong. */
const mistakes: readonly (readonly [what: string, make: (line: string) => string])[] = [
  ['misspells its key', (line) => line.replace(/(secret|clientSecret|redis): /i, '$1x: ')],
  ['spells its key in small letters', (line) => line.replace('clientSecret: ', 'clientsecret: ')],
  ['forgets the blank behind its key', (line) => line.replace(/(secret|clientSecret|redis): /i, '$1:')],
  ['forgets a bracket', (line) => line.replace(/ *\}/, '')],
  ['has a bracket too many', (line) => `${line} ]`],
  ['forgets a quotation mark', (line) => line.replace('planted', '"planted')],
  ['has a mark too many', (line) => line.replace('planted', "'planted'")],
  ['says it twice', (line) => `${line}\n${line}`],
  ['makes a list of it', (line) => line.replace(/(\S*planted[\w@.:-]*)/, '[$1, more]')],
  ['makes a mapping of it', (line) => line.replace(/(\S*planted[\w@.:-]*)/, '{ value: $1 }')],
  [
    'has a stranger beside it',
    (line) => line.replace(/ \}/, ', stranger: 1 }').replace(/^(\s*)(\w+: \S+)$/, '$1stranger: 1\n$1$2'),
  ],
  ['moves it to the left', (line) => line.replace(/^ {2}/, '')],
  ['moves it to the right', (line) => `  ${line}`],
  ['moves it by a tab', (line) => `\t${line}`],
  ['puts it into an anchor', (line) => line.replace(/(\S*planted[\w@.:-]*)/, '&it $1')],
  ['puts it over two lines', (line) => line.replace(/: (\S*planted[\w@.:-]*)/, ': |\n          $1')],
]

describe('a secret that is written out', () => {
  for (const [what, make] of mistakes)
    it(`is not shown where somebody ${what}`, async (t) => {
      const lines = files['portico.yaml'].split('\n')
      const said = await Promise.all(
        lines.flatMap((line, index) => {
          const broken = make(line)
          if (!line.includes('planted') || broken === line) return []
          return [told(t, { ...files, 'portico.yaml': lines.with(index, broken).join('\n') })]
        }),
      )
      assert.notEqual(said.length, 0)
      for (const text of said) assert.equal(planted(text), undefined)
    })

  it('is not shown where it stands in an address, in the schema, or in a file of secrets', async (t) => {
    for (const [name, from, to] of [
      ['portico.yaml', 'https://id.test/introspect', 'https://gateway:planted-in-an-address@id.test/introspect?x=y'],
      ['portico.yaml', 'rest: http://127.0.0.1:1', 'rest: http://gateway:planted-in-an-address@127.0.0.1:1'],
      ['portico.yaml', 'http://127.0.0.1:1/token', 'http://gateway:planted-in-an-address@127.0.0.1:1/token'],
      ['schema.graphql', '"/a")', '"/a", headers: [{ name: "x-key", value: "sk_live_planted1234567890" }])'],
      ['schema.graphql', '"/a")', '"/a", headers: [{ name: "authorization", value: "Bearer planted1234567890" }])'],
      ['keys.json', '[]', '[{ "id": "planted", "hash": "planted" }]'],
      ['keys.json', '[]', '["portico_0123456789abcdef_planted'],
    ] as readonly (readonly [keyof typeof files, string, string])[]) {
      const text = await told(t, { ...files, [name]: files[name].replace(from, to) })
      assert.notEqual(text, '')
      assert.equal(planted(text), undefined)
    }
    for (const staff of ['ada:planted-in-plain', 'ada:$apr1$planted$planted', 'ada planted', 'planted'])
      assert.equal(planted(await told(t, { ...files, staff })), undefined)
  })
})

/** All that `portico check` says of a workspace, in each of its forms. */
const told = async (
  t: { after: (end: () => Promise<void>) => void },
  given: Readonly<Record<string, string>>,
): Promise<string> => {
  const { dir, remove } = await layWorkspace(given)
  t.after(remove)
  const { diagnostics } = await compileWorkspace(dir, {})
  return diagnostics.length === 0
    ? ''
    : `${formatDiagnostics(diagnostics)}\n${jsonReport(diagnostics)}${sarifReport(diagnostics)}`
}

const planted = (text: string): string | undefined => {
  const at = text.indexOf('planted')
  return at < 0 ? undefined : text.slice(Math.max(0, at - 200), at + 60)
}

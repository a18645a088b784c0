import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGateway } from '../../../src/admin/gateway.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { layWorkspace } from '../../support/gateway.ts'
import { issuer } from '../../support/token.ts'
import { answer, grouped, mail, proto, startNotes } from './services.ts'

const sdl = `type Query {
  person(as: String): Person @rest(service: "shop", get: "/person")
  document(id: ID!): JSON @rest(service: "shop", get: "/document/{args.id}")
  refused: String @rest(
    service: "shop", get: "/refused"
    errors: [{ when: "status == 422", code: FAILED_PRECONDITION, message: "Refused: {body.why}" }]
  )
  failed: String @rest(service: "shop", get: "/failed")
  refusedNote: Note @grpc(service: "notes", method: "notes.v1.Notes/Refuse")
  thrown(size: Int): String @resolver(fn: "thrown")
}
type Person {
  id: ID! mail: String card: String note: String link: String password: String
  wrong: Int gone: String inside: JSON
  orders: [Order!] @rest(service: "shop", get: "/orders?mail={this.mail}&card={this.card}&key={this.password}", select: "items")
}
type Order { id: ID! }
type Note { id: ID text: String password: String card: String }
type Subscription { watched: Note @grpc(service: "notes", method: "notes.v1.Notes/Watch") }
`

const thrower = `export const resolvers = {
  thrown: (_parent, args) => { throw new Error('x'.repeat(args.size ?? 0) + ' of ${grouped(' ')} and ${mail}') },
}`

/** One gateway with every way out that there is, before services that answer with all that is to be masked. */
export const startGround = async () => {
  const documents: string[] = []
  const lines: string[] = []
  const shop = createServer((request, response) => {
    answer(request, response, documents)
  })
  await once(shop.listen(0, '127.0.0.1'), 'listening')
  const notes = await startNotes()
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
probes: 127.0.0.1:0
admin: 127.0.0.1:0
limits: { body: 4MiB }
audit: { file: audit.log }
mask:
  rules:
    - { pattern: card, becomes: last4, in: [answers, logs, audit], except: { scopes: [support] } }
    - { pattern: email, becomes: { text: "(an address)" }, in: [answers, logs, audit], except: { claims: { role: auditor } } }
    - { path: "**.password", becomes: remove, in: [answers, logs, audit], except: { claims: { role: auditor } } }
auth:
  shoppers: { jwt: { issuer: "${issuer.issuer}", audience: ${issuer.audience}, secret: "\${TOKEN_SECRET}" } }
services:
  shop: { rest: "http://127.0.0.1:${(shop.address() as AddressInfo).port}", identity: none, shareCalls: true }
  notes: { grpc: "127.0.0.1:${notes.port}", proto: notes.proto, identity: none }
bffs:
  web:
    prefix: /web
    schema: schema.graphql
    graphql: true
    shareOperations: true
    compression: true
    operations: ops/*.graphql
    resolvers: resolvers.ts
    auth: { provider: shoppers, optional: true }
    explain: { scopes: [asks] }
routes:
  - { path: /raw/*, service: shop, stripPrefix: true, mask: { maxBody: 4MiB }, auth: { provider: shoppers, optional: true } }
  - { path: /api/*, transcode: notes, metadata: { response: [x-card, x-mail] }, websocket: true, auth: { provider: shoppers, optional: true } }
  - { path: /closed/*, service: shop, mask: true, auth: { provider: shoppers, require: { scopes: [nobody] } } }
`,
    'schema.graphql': sdl,
    'resolvers.ts': thrower,
    'ops/person.graphql':
      'query Person @endpoint(get: "/person") { person { id mail card note link password wrong inside } }',
    'ops/profile.graphql': 'query Profile @endpoint(get: "/profile") { person { id mail card note } }',
    'ops/document.graphql':
      'query Document($id: ID!) @endpoint(get: "/documents/{id}", unwrap: "document") { document(id: $id) }',
    'ops/refused.graphql': 'query Refused @endpoint(get: "/refused", require: ["refused"]) { refused }',
    'ops/watched.graphql': 'subscription Watched @endpoint(sse: "/watched") { watched { id text password card } }',
    'protos/notes.proto': proto,
  })
  const log = createLog({ level: 'debug', destination: { write: (line) => void lines.push(line) } })
  const gateway = await createGateway({ dir, env: { TOKEN_SECRET: issuer.secret }, log })
  const { host, port } = gateway.listen
  return {
    url: `http://${host}:${port}`,
    admin: `http://127.0.0.1:${gateway.admin?.port}`,
    probes: `http://127.0.0.1:${gateway.probes?.port}`,
    dir,
    documents,
    lines,
    log,
    async close() {
      await gateway.close()
      notes.close()
      shop.close()
      await remove()
    },
  }
}

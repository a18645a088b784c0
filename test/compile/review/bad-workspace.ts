import { makeCertificates, readCertificates } from '../../support/certificates.ts'
import type { Files } from '../../support/gateway.ts'

/** Workspaces with every mistake that a review finds, each written as somebody would. */

const key = { id: '0123456789abcdef', hash: `sha256:${'A'.repeat(43)}`, owner: 'partner', scopes: [] }

/** Met in plain HTTP by everybody. */
export const openWorkspace: Files = {
  'portico.yaml': `listen: 0.0.0.0:8080
probes: 0.0.0.0:9090
redis: redis://:hunter2@redis.shop.example:6379
trustedProxies: []
budget: 10m
accessLog: false
limits: { depth: 40, body: 64MiB }
accepted:
  - { code: PORTICO-711, at: bffs.gone, reason: It was open for the launch in spring. }
services:
  users: { rest: http://users.shop.example, identity: forward, timeout: 5m }
  orders: { rest: http://orders.svc, identity: none }
  partner: { rest: https://api.partner.example, identity: forward }
  inside: { rest: https://stock.internal, identity: none }
  notes: { grpc: 127.0.0.1:5003, proto: notes.proto, identity: none }
auth:
  shared:
    jwt: { issuer: https://id.shop.example, audience: shop, secret: 0123456789abcdef0123456789abcdef, clockSkew: 5m }
  revoked:
    jwt: { discovery: https://id.shop.example, audience: shop, revocation: { whenDown: accept } }
  keys:
    apiKey: { file: keys.json, query: api_key }
  staff:
    basic: { file: users.txt, transport: any }
  opaque:
    oauth2: { introspection: https://id.shop.example/introspect, clientId: gateway, clientSecret: "\${SECRET:-swordfish}" }
bffs:
  web:
    prefix: /web
    schema: web.graphql
    resolvers: resolvers.ts
    documents: any
    suggestions: true
    auth: { provider: shared, optional: true }
    cors: { origins: ["*"] }
  open:
    prefix: /open
    schema: open.graphql
    rateLimit: { limit: 10, window: 1m, by: { header: x-device } }
    securityHeaders: false
    introspection: true
    subscriptions: { connections: 5000 }
routes:
  - { path: /users/*, service: users, stripPrefix: true, auth: shared }
  - { path: /orders/*, service: orders }
  - { path: /*, hosts: [raw.shop.example], service: orders, pathMode: raw, auth: keys, cors: { origins: ["null", "http://shop.example"] } }
  - { path: /api/*, transcode: notes, auth: anonymous, rateLimit: { limit: 10, window: 1m } }
  - { path: /old, redirect: { to: https://shop.example/new } }
  - { path: /auth/login, service: orders, auth: anonymous, ipRules: { deny: [192.0.2.0/24] } }
ipRules: { allow: [10.0.0.0/8, 0.0.0.0/0] }
mask: { secret: change-me-change-me, rules: [{ pattern: email, becomes: hash, in: logs }] }
`,
  'web.graphql': `type Query {
  user(id: ID!): String @rest(service: "users", get: "/users/{args.id}")
  news: String @rest(service: "users", get: "/news") @auth(public: true)
  made: String @resolver(fn: "made")
}
type Mutation {
  login(name: String!): String @rest(service: "users", post: "/login", body: { name: "{args.name}" }) @auth(public: true)
  leave(id: ID!): String @rest(service: "users", get: "/leave/{args.id}") @auth(public: true)
  drop(id: ID!): String @rest(service: "users", delete: "/users/{args.id}")
}
`,
  'open.graphql': `type Query {
  price: String @rest(service: "orders", get: "/price", headers: [{ name: "x-key", value: "sk_live_4eC39HqLyjWDarjtT1zdp7dc" }])
  mine: String @rest(service: "orders", get: "/orders", headers: [{ name: "x-tenant", value: "{header.authorization}" }])
  card: Card @rest(service: "orders", get: "/card")
}
type Card { id: ID! cvv: String cardNumber: String @auth(public: true) }
type Subscription { watched: Note @grpc(service: "notes", method: "notes.v1.Notes/WatchNotes") }
type Note { id: ID }
`,
  'resolvers.ts': `import { execSync } from 'node:child_process'
export const resolvers = { made: () => execSync('date').toString() }
`,
  'keys.json': JSON.stringify({ keys: [{ ...key, created: '2026-01-01T00:00:00.000Z' }] }),
  'users.txt': '',
  'protos/notes.proto': `syntax = "proto3";
package notes.v1;
import "google/api/annotations.proto";
service Notes {
  rpc WatchNotes(Note) returns (stream Note);
  rpc DeleteNote(Note) returns (Note) { option (google.api.http) = { get: "/v1/notes/{id}/delete" }; }
}
message Note { string id = 1; }
`,
}

const pem = readCertificates(makeCertificates())

/** Met by TLS, behind a proxy that is everybody, and several times over. */
export const guardedWorkspace: Files = {
  'portico.yaml': `listen: 0.0.0.0:8443
tls: { cert: cert.pem, key: key.pem, hsts: 0s, clients: { ca: ca.pem } }
trustedProxies: [0.0.0.0/0]
replicas: 3
services:
  users: { rest: http://127.0.0.1:5001, identity: forward }
auth:
  shoppers:
    jwt: { discovery: https://id.shop.example, audience: shop, maxLifetime: 1h }
routes:
  - { path: /users/*, service: users, auth: shoppers, rateLimit: { limit: 10, window: 1m } }
  - { path: /groups/*, service: users, auth: shoppers }
`,
  'cert.pem': pem.certificate,
  'key.pem': pem.key,
  'ca.pem': pem.ca,
}

/** Met with a certificate that has ended, and with no proxy before it. */
export const endedWorkspace: Files = {
  ...guardedWorkspace,
  'portico.yaml': (guardedWorkspace['portico.yaml'] as string).replace('[0.0.0.0/0]', '[]'),
  'cert.pem': pem.expired,
}

/** Met in plain HTTP by everybody, and nobody shows a credential. */
export const plainWorkspace: Files = {
  'portico.yaml': `listen: 0.0.0.0:8080
services:
  news: { rest: http://127.0.0.1:5001, identity: none, openapi: news.yaml }
routes:
  - { path: /news/*, service: news, auth: anonymous, rateLimit: { limit: 10, window: 1m } }
  - { path: /archive/*, service: news, auth: anonymous, rateLimit: { limit: 10, window: 1m }, validate: false }
  - { path: /*, service: news, auth: anonymous, rateLimit: { limit: 10, window: 1m }, validate: true }
`,
  'news.yaml': 'openapi: 3.1.0\npaths: { /news: { get: {} } }\n',
}

/** The same without a mistake. */
export const soundWorkspace: Files = {
  'portico.yaml': `listen: 0.0.0.0:8443
tls: { cert: cert.pem, key: key.pem, minVersion: TLSv1.3, redirect: "0.0.0.0:8081" }
probes: 127.0.0.1:9090
trustedProxies: [10.0.0.0/8]
redis: "rediss://:\${SECRET}@redis.shop.example:6379"
replicas: 3
services:
  users: { rest: http://127.0.0.1:5001, identity: forward }
  orders: { rest: "https://orders.shop.example/v1", identity: forward }
  inside: { rest: https://stock.internal, identity: none, tls: { ca: ca.pem } }
auth:
  shoppers:
    jwt: { discovery: https://id.shop.example, audience: shop, maxLifetime: 1h }
  opaque:
    oauth2: { introspection: https://id.shop.example/introspect, clientId: gateway, clientSecret: "\${SECRET}", audience: shop }
rateLimit: { limit: 10, window: 1m, by: [{ header: x-device }, ip] }
limits: { cost: { max: 1000 } }
bffs:
  web:
    prefix: /web
    schema: web.graphql
    auth: { provider: shoppers, optional: true }
    cors: { origins: ["https://shop.example", "http://localhost:3000"] }
routes:
  - { path: /users/*, service: users, auth: shoppers }
  - { path: /orders/*, service: orders, auth: opaque, stripPrefix: true }
  - { path: /stock/*, service: inside, auth: anonymous }
`,
  'web.graphql': `schema @auth(scopes: [["shop"]]) {
  query: Query
  mutation: Mutation
}
type Query {
  user(id: ID!): String @rest(service: "users", get: "/users/{args.id}")
}
type Mutation {
  login(name: String!): String
    @rest(service: "users", post: "/login", body: { name: "{args.name}" })
    @auth(public: true)
    @rateLimit(limit: 5, window: "1m", by: [IP])
}
`,
  'cert.pem': pem.certificate,
  'key.pem': pem.key,
  'ca.pem': pem.ca,
}

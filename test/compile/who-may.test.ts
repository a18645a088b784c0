import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { explainRoute } from '../../src/compile/explain-route.ts'
import { listAddresses } from '../../src/compile/listing.ts'
import { documentedApis, openApiDocument } from '../../src/compile/openapi.ts'
import { layWorkspace } from '../support/gateway.ts'
import { issuer } from '../support/token.ts'

describe('who may what, of each address', () => {
  it('is printed: the rule that counts there, whoever says it', async (t) => {
    const plan = await compiled(t)
    const everybody = 'auth people with scopes shop+eu|all, claims tier=gold|silver'
    assert.deepEqual(
      listAddresses(plan).map(({ address, policies }) => [address, ...policies]),
      [
        ['/app/items/{id}', everybody],
        ['/app/open/{id}', 'auth people (optional)'],
        ['/app/part/{id}', 'auth partners with scopes orders'],
        ['/app/t/{tenant}', 'auth people', 'match tenant=claims.tenant'],
        ['/app/graphql', everybody],
        ['/open', 'auth anonymous'],
        ['/shop/*', everybody],
        ['/t/{tenant}/*', 'auth people or partners with roles admin|owner, match path.tenant=claims.tenant'],
      ],
    )
  })

  it('is part of what explains a request', async (t) => {
    const plan = await compiled(t)
    const at = (target: string) => explainRoute(plan, { method: 'GET', target, headers: {}, address: '127.0.0.1' })
    assert.deepEqual(at('/app/part/1').bff, { name: 'app', policies: ['auth partners with scopes orders'] })
    assert.equal(at('/open').route?.policies[0]?.name, 'auth')
  })

  it('is in the OpenAPI document of each operation, scopes of the schema too', async (t) => {
    const plan = await compiled(t)
    const { paths, components } = openApiDocument(documentedApis(plan), plan)
    const of = (path: string) => {
      const { security, responses } = (paths[path]?.['get'] ?? {}) as { security: unknown; responses: object }
      return { security, refusals: Object.keys(responses).filter((status) => /^40[13]$/.test(status)) }
    }
    const refusals = ['401', '403']
    assert.deepEqual(of('/items/{id}'), {
      security: [
        { people: ['shop', 'eu', 'a'] },
        { people: ['shop', 'eu', 'b'] },
        { people: ['all', 'a'] },
        { people: ['all', 'b'] },
      ],
      refusals,
    })
    assert.deepEqual(of('/open/{id}'), { security: [{}, { people: [] }], refusals })
    assert.deepEqual(of('/part/{id}'), {
      security: [{ partners: ['orders', 'a'] }, { partners: ['orders', 'b'] }],
      refusals,
    })
    assert.deepEqual(Object.keys(components.securitySchemes), ['people', 'partners'])
    assert.deepEqual(Object.values(components.securitySchemes)[1], {
      type: 'apiKey',
      in: 'header',
      name: 'x-api-key',
      description: 'The parameter `api_key` of the query is taken in its place.',
    })
  })
})

const compiled = async (t: TestContext) => {
  const item = 'item(id: $id) { id } }'
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `
defaultAuth: { provider: people, require: { scopes: [[shop, eu], [all]], claims: { tier: [gold, silver] } } }
services: { shop: { rest: "http://127.0.0.1:5001", identity: none } }
auth:
  people: { jwt: { issuer: https://id.test, audience: portico, secret: "${issuer.secret}" } }
  partners: { apiKey: { file: keys.json, query: api_key } }
bffs:
  app: { prefix: /app, schema: schema.graphql, operations: ops/*.graphql, graphql: true }
routes:
  - path: "/t/{tenant}/*"
    service: shop
    auth: { anyOf: [people, partners], require: { roles: [admin, owner], match: { path.tenant: claims.tenant } } }
  - { path: /open, service: shop, auth: anonymous }
  - { path: /shop/*, service: shop }
`,
    'keys.json': '{ "keys": [] }',
    'schema.graphql': `
type Query {
  item(id: ID!): Item @rest(service: "shop", get: "/items/{args.id}") @auth(scopes: [["a"], ["b"]])
  free: Item @rest(service: "shop", get: "/free") @auth(public: true)
}
type Item { id: ID! }`,
    'ops/item.graphql': `query Item($id: ID!) @endpoint(get: "/items/{id}") { ${item}`,
    'ops/open.graphql': `query Open($id: ID!) @endpoint(get: "/open/{id}", require: []) @auth(public: true) { ${item}`,
    'ops/part.graphql': `query Part($id: ID!) @endpoint(get: "/part/{id}") @auth(providers: [["partners"]], scopes: ["orders"]) { ${item}`,
    'ops/tenant.graphql': `query Tenant($tenant: ID!) @endpoint(get: "/t/{tenant}") @auth(match: { tenant: "claims.tenant" }) { item(id: $tenant) { id } }`,
  })
  t.after(remove)
  const { plan } = await compileWorkspace(dir, {})
  return plan ?? assert.fail('The workspace is wrong.')
}

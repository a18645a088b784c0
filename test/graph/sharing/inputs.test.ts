import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inputsOf, shareableText } from '../../../src/graph/sharing/inputs.ts'
import { graphOf, operationOf } from '../support/graph.ts'

describe('what an answer depends on', () => {
  it('is nothing of the caller where no request reads anything of it', () => {
    assert.deepEqual(inputs('{ news { title } }'), {
      shareable: true,
      claims: [],
      headers: [],
      rules: [],
      credentials: false,
      told: [],
    })
    assert.equal(text('{ news { title } }'), 'for all')
  })

  it('is every claim and header that any request reads, each once, also below and in keys', () => {
    const { claims, headers } = shareable('{ a: news { local } b: news { local } me { id } }')
    assert.deepEqual(claims, [['sub'], ['org', 'id']])
    assert.deepEqual(headers, ['accept-language'])
    assert.equal(text('{ me { id } }'), 'per user')
  })

  it('is the outcome of every rule: of root fields, of fields, of types and of members of unions', () => {
    assert.equal(shareable('{ secret }').rules.length, 1)
    assert.equal(shareable('{ news { hidden } }').rules.length, 1)
    assert.equal(shareable('{ vault { id } }').rules.length, 1)
    assert.equal(text('{ news { hidden } }'), 'for all with the same rights')
  })

  it('cannot be known of changes, of calls that may change something, and of impure resolvers', () => {
    assert.equal(text('mutation { publish }'), 'no, because it is a mutation')
    assert.equal(text('{ draw }'), 'no, because the call of Query.draw may change something')
    assert.equal(text('{ news { rated } }'), 'no, because News.rated is an impure resolver')
    assert.equal(text('{ news { loud } }'), 'for all')
  })
})

const graph = graphOf(`
  type Query {
    news: News @rest(service: "users", get: "/news")
    me: User @load(by: { id: "{claims.sub}" })
    secret: String @auth(scopes: [["s"]]) @rest(service: "users", get: "/secret")
    vault: Vault @rest(service: "users", get: "/vault")
    draw: String @rest(service: "users", post: "/draw")
  }
  type Mutation { publish: String @rest(service: "users", post: "/publish") }
  type Vault @auth(scopes: [["v"]]) { id: ID }
  type News {
    title: String
    hidden: String @auth(claims: { staff: true })
    local: String
      @rest(service: "users", get: "/local?org={claims.org.id}", headers: [{ name: "Accept-Language", value: "{header.Accept-Language}" }])
    rated: String @resolver(fn: "rated", needs: "{ title }")
    loud: String @resolver(fn: "loud", needs: "{ title }", pure: true)
  }
  type User @entity(key: "id") @rest(service: "users", get: "/users/{keys.id}") { id: ID! }`)

const planOf = (source: string) => operationOf(graph, source).plan({})
const inputs = (source: string) => inputsOf(planOf(source))
const text = (source: string): string => shareableText(planOf(source))
const shareable = (source: string) => {
  const found = inputs(source)
  assert.ok(found.shareable)
  return { ...found, claims: [...found.claims].sort((a, b) => Number(b[0] === 'sub') - Number(a[0] === 'sub')) }
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GraphQLError } from 'graphql'
import { createOperationStore, introspect, type Operation } from '../../src/graph/operation.ts'
import { graphOf } from './support/graph.ts'

describe('an operation store', () => {
  it('finds the operation that is named, without the rest of its document', () => {
    const { find } = storeOf()
    const source = 'query A { a } query B { ...F } mutation C { c } fragment F on Query { b }'
    const operation = sound(find(source, 'B'))
    assert.deepEqual(
      operation.document.definitions.map((node) => ('name' in node ? node.name?.value : undefined)),
      ['B', 'F'],
    )
    assert.deepEqual(messages(find(source, undefined)), [
      'The document has several operations; name one by operationName.',
    ])
    assert.deepEqual(messages(find(source, 'D')), ['The document has no operation named D.'])
    assert.deepEqual(messages(find(source, '')), ['The document has no operation named .'])
  })

  it('remembers a document, and never under the text of another', () => {
    const { find } = storeOf()
    const source = 'query {\n  a\n}'
    assert.ok(Array.isArray(find('  a\n}', 'query {')))
    assert.ok(Array.isArray(find('a\n}', 'query {\n  ')))
    const operation = sound(find(source, undefined))
    assert.equal(find(source, undefined), operation)
  })

  it('knows no internal fields and no words of ours', () => {
    const { find } = storeOf()
    assert.deepEqual(messages(find('{ object { hidden } }', undefined)), [
      'Cannot query field "hidden" on type "Object".',
    ])
    assert.deepEqual(messages(find('{ a @rest(service: "users") }', undefined)), ['Unknown directive "@rest".'])
  })

  it('keeps introspection and suggestions to those who may have them', () => {
    assert.deepEqual(messages(storeOf().find('{ object { shwon } }', undefined)), [
      'Cannot query field "shwon" on type "Object".',
    ])
    assert.deepEqual(messages(storeOf({ suggestions: true }).find('{ object { shwon } }', undefined)), [
      'Cannot query field "shwon" on type "Object". Did you mean "shown"?',
    ])
    assert.match(messages(storeOf().find('{ __schema { types { name } } }', undefined))[0] ?? '', /introspection/)
    const operation = sound(
      storeOf({ introspection: true }).find('{ a kind: __type(name: "Object") { fields { name } } }', undefined),
    )
    const plan = operation.plan({})
    assert.deepEqual(JSON.parse(JSON.stringify(introspect(graph, operation, { plan, variables: {} }))), {
      kind: { fields: [{ name: 'shown' }] },
    })
  })

  it('refuses documents past their bounds, hidden in fragments or not', () => {
    const { find } = storeOf({ limits: { depth: 2, aliases: 2, rootFields: 2, tokens: 40 } })
    assert.deepEqual(messages(find('{ object { object { shown } } }', undefined)), [
      'The operation has 3 levels; at most 2 are allowed.',
    ])
    assert.deepEqual(messages(find('{ a ...F ...F } fragment F on Query { x: a y: b }', undefined)), [
      'The operation has 4 aliases; at most 2 are allowed.',
      'The operation has 5 root fields; at most 2 are allowed.',
    ])
    assert.match(messages(find(`{ ${'a '.repeat(50)} }`, undefined))[0] ?? '', /40 tokens/)
    assert.match(messages(find('{ ...F } fragment F on Query { ...F }', undefined))[0] ?? '', /itself/)
  })
})

const graph = graphOf(`
  type Query {
    a: String @rest(service: "users", get: "/a")
    b: String @rest(service: "users", get: "/b")
    object: Object @rest(service: "users", get: "/o")
  }
  type Mutation { c: String @rest(service: "users", post: "/c") }
  type Object { shown: String hidden: String @internal }
`)

const deep = graphOf(`
  type Query {
    a: String @rest(service: "users", get: "/a")
    b: String @rest(service: "users", get: "/b")
    object: Object @rest(service: "users", get: "/o")
  }
  type Object { shown: String object: Object }
`)

type Settings = {
  readonly limits?: { depth: number; aliases: number; rootFields: number; tokens: number }
  readonly introspection?: boolean
  readonly suggestions?: boolean
}

const storeOf = ({ limits, introspection = false, suggestions = false }: Settings = {}) =>
  createOperationStore({
    graph: limits === undefined ? graph : deep,
    limits: {
      depth: 10,
      aliases: 10,
      rootFields: 10,
      tokens: 1_000,
      fields: 1_000,
      directives: 5,
      ...limits,
      listSize: 100,
      upstreamCalls: 100,
    },
    introspection,
    suggestions,
  })

const sound = (found: Operation | readonly GraphQLError[]): Operation => {
  assert.ok('plan' in found, JSON.stringify(found))
  return found
}

const messages = (found: Operation | readonly GraphQLError[]): readonly string[] => {
  assert.ok(!('plan' in found))
  assert.ok(found.every((error) => error instanceof GraphQLError))
  return found.map(({ message }) => message)
}

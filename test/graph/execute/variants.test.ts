import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from '../../../src/kernel/json.ts'
import { diagnosticsOf, world } from '../support/graph.ts'

describe('@variant', () => {
  it('tells the type of an answer by what the service says of it', async () => {
    const { data, errors } = await pets([
      { about: { kind: 'cat' }, lives: 9 },
      { about: { kind: 'hound' }, name: 'Rex' },
      { about: { kind: 7 }, name: 'Fido' },
      { about: { kind: 'axolotl' }, name: 'Lotl' },
      { about: {} },
    ])
    assert.deepEqual(errors, [])
    assert.deepEqual(data, {
      pets: [
        { __typename: 'Cat', lives: 9 },
        { __typename: 'Dog', name: 'Rex' },
        { __typename: 'Dog', name: 'Fido' },
        { __typename: 'Other', name: 'Lotl' },
        { __typename: 'Other', name: null },
      ],
    })
  })

  it('fails what is no object at all', async () => {
    const { data, errors } = await pets(['cat'])
    assert.deepEqual(data, { pets: [null] })
    assert.deepEqual(errors, [
      'pets.0 UNAVAILABLE Query.pets should be one of the types of Pet, but users answered something else.',
    ])
  })

  it('decides which calls are made below', async () => {
    const { asked, run } = world({
      sdl,
      answer: answering([{ about: { kind: 'cat' }, lives: 9 }, { about: { kind: 'dog' } }]),
    })
    await run('{ pets { ... on Cat { toy } } }')
    assert.deepEqual(asked, ['users GET /pets', 'users GET /toys/9'])
  })

  it('is checked: every type has its value, and every value one type', () => {
    const told = diagnosticsOf(
      sdl.replace('{ Cat: "cat", Dog: ["dog", "hound", 7], Other: "*" }', '{ Cat: "cat", Dogg: "dog", Other: "cat" }'),
    )
    assert.match(told, /Dogg is no type of Pet\. Did you mean Dog\?/)
    assert.match(told, /"cat" stands for both Cat and Other; a value tells one type\./)
    assert.match(told, /Pet may also be Dog: say what the value is then\./)
  })
})

const sdl = `
type Query { pets: [Pet] @rest(service: "users", get: "/pets") @listSize(assumedSize: 9) }
union Pet @variant(by: "about.kind", cases: { Cat: "cat", Dog: ["dog", "hound", 7], Other: "*" }) = Cat | Dog | Other
type Cat { lives: Int toy: String @rest(service: "users", get: "/toys/{this.lives}", fanout: 9) }
type Dog { name: String }
type Other { name: String }
`

const answering =
  (pets: Json) =>
  ({ line }: { readonly line: string }): Json =>
    line.endsWith('/pets') ? pets : 'mouse'

const pets = (answer: Json) =>
  world({ sdl, answer: answering(answer) }).run(
    '{ pets { __typename ... on Cat { lives } ... on Dog { name } ... on Other { name } } }',
  )

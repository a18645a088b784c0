import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { execute as executeGraphql, parse, validate } from 'graphql'
import { dataOf, execute } from '../../src/graph/execute/execute.ts'
import type { Asked } from './support/graph.ts'
import { world } from './support/graph.ts'
import { nulledBy } from './support/nulled.ts'
import { naiveResolver, naiveTypeOf } from './support/random/naive.ts'
import { operationOf } from './support/random/operation.ts'
import { schemaOf } from './support/random/schema.ts'
import { answerTo, type Data } from './support/random/service.ts'

const { PORTICO_SEED, PORTICO_RUNS = '800' } = process.env
const seed = PORTICO_SEED === undefined ? Date.now() | 0 : Number(PORTICO_SEED)

describe('execute', () => {
  it(`answers random operations over random schemas as graphql-js with a resolver for each field (PORTICO_SEED=${seed})`, async () => {
    const worldOf = worlds()
    const told = { calls: 0, failures: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          schema: fc.nat(149),
          data: fc.nat(),
          operation: fc.nat(),
          size: fc.record({ depth: fc.integer({ min: 1, max: 5 }), width: fc.integer({ min: 1, max: 4 }) }),
        }),
        async (given) => {
          const { schema, graph, tools, requestFor, current } = worldOf(given.schema)
          const { source, variables } = operationOf(schema, given.operation, given.size)
          const document = parse(source)
          assert.deepEqual(validate(graph.clientSchema, document), [])
          current.data = { schema, seed: given.data, version: 0 }
          const ours = await execute(requestFor(source, { variables }), tools)
          const theirs = await executeGraphql({
            schema: graph.clientSchema,
            document,
            variableValues: variables,
            rootValue: { root: true },
            contextValue: { schema, seed: given.data, version: 0 } satisfies Data,
            fieldResolver: naiveResolver,
            typeResolver: naiveTypeOf,
          })
          told.calls += ours.calls
          told.failures += ours.failures.length
          const why = `${source}\n${JSON.stringify(variables)}\n${schema.sdl}\n${ours.text}\n${JSON.stringify(theirs)}`
          assert.equal(ours.text ?? 'null', JSON.stringify(theirs.data), why)
          assert.deepEqual(
            nulledBy(
              ours.failures.map(({ path }) => path),
              dataOf(ours),
            ),
            nulledBy(
              (theirs.errors ?? []).map(({ path }) => path ?? []),
              theirs.data,
            ),
            why,
          )
        },
      ),
      { numRuns: Number(PORTICO_RUNS), seed },
    )
    assert.ok(told.calls > Number(PORTICO_RUNS) && told.failures > Number(PORTICO_RUNS) / 10, JSON.stringify(told))
  })
})

/** Schemas are bound once: what differs between runs is the data, and what is asked. */
const worlds = () => {
  const known = new Map<number, ReturnType<typeof worldFor>>()
  return (number: number) => {
    let made = known.get(number)
    if (made === undefined) known.set(number, (made = worldFor(number)))
    return made
  }
}

const worldFor = (number: number) => {
  const schema = schemaOf(number)
  const current: { data: Data | undefined } = { data: undefined }
  const answer = ({ line }: Asked) => answerTo(current.data as Data, line)
  return { schema, current, ...world({ sdl: schema.sdl, upstreamCalls: 100_000, answer }) }
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { execute as executeGraphql, parse, validate } from 'graphql'
import { dataOf, execute } from '../../src/graph/execute/execute.ts'
import { world } from './support/graph.ts'
import { answerOf, type Store, sdl, store } from './support/items.ts'
import { naiveResolver, naiveTypeOf } from './support/naive.ts'
import { nulledBy } from './support/nulled.ts'
import { operation } from './support/operations.ts'

describe('execute', () => {
  it('answers what graphql-js would with a resolver for each field, byte for byte', async () => {
    const data: { current: Store | undefined } = { current: undefined }
    const { graph, tools, requestFor } = world({
      sdl,
      upstreamCalls: 100_000,
      answer: ({ line }) => answerOf(data.current as Store, line),
    })
    await fc.assert(
      fc.asyncProperty(store, operation, fc.boolean(), async (items, source, yes) => {
        data.current = items
        const document = parse(source)
        assert.deepEqual(validate(graph.clientSchema, document), [])
        const variables = { yes }
        const ours = await execute(requestFor(source, { variables }), tools)
        const theirs = await executeGraphql({
          schema: graph.clientSchema,
          document,
          variableValues: variables,
          contextValue: items,
          fieldResolver: naiveResolver,
          typeResolver: naiveTypeOf,
        })
        assert.equal(ours.text ?? 'null', JSON.stringify(theirs.data))
        assert.deepEqual(
          nulledBy(
            ours.failures.map(({ path }) => path),
            dataOf(ours),
          ),
          nulledBy(
            (theirs.errors ?? []).map(({ path }) => path ?? []),
            theirs.data,
          ),
        )
      }),
      { numRuns: 300 },
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { execute } from '../../../src/graph/execute/execute.ts'
import { executeExplained } from '../../../src/graph/explain/run.ts'
import { type Asked, world } from '../support/graph.ts'
import { operationOf } from '../support/random/operation.ts'
import { schemaOf } from '../support/random/schema.ts'
import { answerTo, type Data } from '../support/random/service.ts'

const { PORTICO_SEED, PORTICO_RUNS = '300' } = process.env
const seed = PORTICO_SEED === undefined ? Date.now() | 0 : Number(PORTICO_SEED)

describe('executeExplained', () => {
  it(`answers as execute does, and gives one reason for each null and each failure (PORTICO_SEED=${seed})`, async () => {
    const told = { missing: 0, reasons: new Set<string>() }
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          schema: fc.nat(60),
          data: fc.nat(),
          operation: fc.nat(),
          size: fc.record({ depth: fc.integer({ min: 1, max: 4 }), width: fc.integer({ min: 1, max: 4 }) }),
        }),
        async (given) => {
          const { schema, tools, requestFor, current } = worldOf(given.schema)
          const { source, variables } = operationOf(schema, given.operation, given.size)
          const fresh = (): void => void (current.data = { schema, seed: given.data, version: 0 })
          fresh()
          const request = requestFor(source, { variables })
          const plain = await execute(request, tools)
          fresh()
          const { explanation, ...result } = await executeExplained(request, tools, {
            whole: request.plan,
            masker: undefined,
          })
          assert.equal(result.text, plain.text)
          assert.equal(result.calls, plain.calls)
          const why = `${source}\n${JSON.stringify(variables)}\n${schema.sdl}\n${plain.text}\n${JSON.stringify(explanation, null, 1)}`
          assert.ok(explanation !== undefined, why)
          assert.equal(explanation.steps.flatMap(({ calls }) => calls).length <= plain.calls, true, why)
          if (explanation.omitted !== undefined) return
          const places = explanation.missing.map(({ path }) => path.join('.'))
          assert.equal(new Set(places).size, places.length, `one reason for each place: ${why}`)
          const expected = new Set([
            ...nullsIn(plain.text === undefined ? null : JSON.parse(plain.text), []),
            ...plain.failures.map(({ path }) => path.join('.')),
          ])
          const below = explanation.missing.filter(({ reason }) => reason === 'PARENT_NULL')
          for (const { path } of below) expected.add(path.join('.'))
          assert.deepEqual([...places].sort(), [...expected].filter((place) => place !== '').sort(), why)
          told.missing += places.length
          for (const { reason } of explanation.missing) told.reasons.add(reason)
        },
      ),
      { numRuns: Number(PORTICO_RUNS), seed },
    )
    assert.ok(told.missing > Number(PORTICO_RUNS) / 2, JSON.stringify(told.missing))
    assert.ok(told.reasons.size > 4, [...told.reasons].join())
  })
})

/** Places of an answer that are null. */
const nullsIn = (value: unknown, path: readonly (string | number)[]): readonly string[] => {
  if (value === null) return [path.join('.')]
  if (typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, item]) => nullsIn(item, [...path, key]))
}

const known = new Map<number, ReturnType<typeof worldFor>>()
const worldOf = (number: number) => {
  const made = known.get(number) ?? worldFor(number)
  known.set(number, made)
  return made
}

const worldFor = (number: number) => {
  const schema = schemaOf(number)
  const current: { data: Data | undefined } = { data: undefined }
  const answer = ({ line }: Asked) => answerTo(current.data as Data, line)
  return { schema, current, ...world({ sdl: schema.sdl, upstreamCalls: 100_000, answer }) }
}

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { startOf } from '../../../../src/kernel/diagnostic.ts'
import { createChecker } from '../../../../src/routes/proxy/validate/checker.ts'
import { createSchemas, type DocumentMistake } from '../../../../src/routes/proxy/validate/schemas.ts'

it('random schemas take what JSON Schema says, whether or not they refer to each other', () => {
  fc.assert(
    fc.property(fc.record({ a: schema, b: schema, c: schema }), values, (schemas, given) => {
      const root = { openapi: '3.1.0', components: { schemas } }
      const mistakes: DocumentMistake[] = []
      const read = createSchemas({ file: '', root, placeOf: () => startOf('') }, mistakes)
      const check = createChecker(read.definitions)(read.read({ $ref: '#/components/schemas/a' }, []))
      read.finish()
      fc.pre(mistakes.length === 0)
      const peer = new Ajv2020({ strict: false, strictNumbers: true, ownProperties: true, validateFormats: false })
      const expected = peer.compile({ $ref: '#/components/schemas/a', components: root.components })
      for (const value of given) {
        const fits = expected(value)
        assert.equal(check(value).length === 0, fits, JSON.stringify({ schemas, value }))
      }
    }),
    { numRuns: 80 },
  )
})

const name = fc.constantFrom('a', 'b', 'constructor', '__proto__')
const count = fc.nat({ max: 3 })

const { schema } = fc.letrec<{ schema: object | boolean; part: object }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'xsmall', withCrossShrink: true },
    fc.constantFrom(
      {},
      { type: 'string' },
      { type: ['integer', 'null'] },
      { const: 1 },
      { enum: ['a', null, [1]] },
      { pattern: '^a*$' },
    ),
    fc.boolean(),
    fc.constantFrom('a', 'b', 'c').map((of) => ({ $ref: `#/components/schemas/${of}` })),
    fc.tuple(tie('part'), tie('part')).map(([one, other]) => ({ ...one, ...other })),
  ),
  part: fc.oneof(
    fc.record({ type: fc.constantFrom('object', 'array', 'string', 'number') }),
    fc.record({ properties: fc.dictionary(fc.constantFrom('a', 'b'), tie('schema'), { maxKeys: 2 }) }),
    fc.record({ required: fc.uniqueArray(name, { maxLength: 2 }) }),
    fc.record({ additionalProperties: tie('schema') }),
    fc.record({ unevaluatedProperties: fc.constant(false) }),
    fc.record({ items: tie('schema') }),
    fc.record({ prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ uniqueItems: fc.boolean() }),
    fc.record({ contains: tie('schema') }),
    fc.record({ minItems: count, maxProperties: count, minLength: count }),
    fc.record({ minimum: count, multipleOf: fc.constantFrom(1, 2, 0.5) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 2, maxLength: 3 }) }),
    fc.record({ not: tie('schema') }),
    fc.record({ if: tie('schema'), else: tie('schema') }),
    fc.record({
      $ref: fc.constantFrom('#/components/schemas/b', '#/components/schemas/c'),
      properties: fc.constant({ a: true }),
    }),
    fc.record({ propertyNames: tie('schema') }),
    fc.record({ dependentRequired: fc.dictionary(name, fc.uniqueArray(name, { maxLength: 1 }), { maxKeys: 1 }) }),
  ),
}))

const values = fc.array(
  fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 0, 1, 2.5, '', 'a', 'aa', 'b'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
    ),
  })).value,
  { minLength: 5, maxLength: 10 },
)

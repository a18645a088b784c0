import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checked, documentOf, shopBehind, taking, told } from './support.ts'

describe('a document by which a route validates', () => {
  for (const openapi of ['3.0.3', '3.1.0'])
    it(`is read as OpenAPI ${openapi} means it`, async (t) => {
      const isOld = openapi.startsWith('3.0')
      const schema = {
        type: 'object',
        required: ['id', 'owner', 'name'],
        properties: {
          id: { type: 'integer', readOnly: true },
          owner: { $ref: '#/components/schemas/Owner' },
          name: { type: 'string', example: 7, xml: { name: 'n' } },
          nick: isOld ? { type: 'string', nullable: true, minLength: 2 } : { type: ['string', 'null'], minLength: 2 },
          parent: isOld
            ? { nullable: true, allOf: [{ $ref: '#/components/schemas/Parent' }] }
            : { oneOf: [{ $ref: '#/components/schemas/Parent' }, { type: 'null' }] },
          share: isOld
            ? { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: false }
            : { type: 'number', exclusiveMinimum: 0, maximum: 1 },
        },
      }
      const components = {
        schemas: {
          Owner: { type: 'string', readOnly: true },
          Parent: {
            type: 'object',
            required: ['name'],
            properties: { parent: { $ref: '#/components/schemas/Parent' } },
          },
        },
      }
      const { ask } = await shopBehind(t, taking(schema, { openapi, components }))
      const post = async (body: unknown) => told(await ask('POST /things', { body: JSON.stringify(body) }))
      assert.deepEqual(await post({ name: 'a', id: 7, nick: null, parent: null, share: 1 }), [])
      assert.deepEqual(await post({ name: 'a', nick: 'ab', parent: { name: 'b', parent: { name: 'c' } } }), [])
      assert.deepEqual(await post({ id: 'x', nick: 'a', parent: { name: 'b', parent: {} }, share: 0, owner: 1 }), [
        'body /name is missing',
        'body /id should be an integer',
        'body /owner should be a string',
        'body /nick should have at least 2 characters',
        'body /parent/parent/name is missing',
        'body /share should be more than 0',
      ])
    })

  it('is held to with every keyword of JSON Schema that says what a value may be', async (t) => {
    const cases: readonly (readonly [schema: object, fits: unknown, wrong: unknown, message: string])[] = [
      [{ type: ['string', 'integer'] }, 'a', true, ' should be a string or an integer'],
      [{ const: { a: [1] } }, { a: [1] }, { a: [2] }, ' is none of the values that are taken here'],
      [{ enum: [1, null] }, null, 2, ' is none of the values that are taken here'],
      [{ multipleOf: 0.01 }, 4.35, 4.355, ' should be a multiple of 0.01'],
      [{ maximum: 2 }, 2, 3, ' should be at most 2'],
      [{ exclusiveMaximum: 2 }, 1.9, 2, ' should be less than 2'],
      [{ maxLength: 1 }, '😀', 'ab', ' should have at most 1 character'],
      [{ maxItems: 1 }, [1], [1, 2], ' should have at most 1 item'],
      [{ minItems: 2 }, [1, 2], [1], ' should have at least 2 items'],
      [{ minProperties: 1 }, { a: 1 }, {}, ' should have at least 1 member'],
      [{ maxProperties: 1 }, { a: 1 }, { a: 1, b: 2 }, ' should have at most 1 member'],
      [{ prefixItems: [{ type: 'string' }], items: false }, ['a'], ['a', 1], ' should have at most 1 item'],
      [{ items: { type: 'string' } }, ['a'], ['a', 1], '/1 should be a string'],
      [{ contains: { const: 1 } }, [2, 1], [2], ' lacks an item that has to be there, or has too many of them'],
      [
        { patternProperties: { '^x-': { type: 'string' } } },
        { 'x-a': 'b', y: 1 },
        { 'x-a': 1 },
        '/x-a should be a string',
      ],
      [{ propertyNames: { maxLength: 1 } }, { a: 1 }, { ab: 1 }, '/ab is no name that is taken here'],
      [{ dependentRequired: { a: ['b'] } }, { a: 1, b: 1 }, { a: 1 }, '/b is missing'],
      [{ dependentSchemas: { a: { required: ['c'] } } }, { a: 1, c: 1 }, { a: 1 }, '/c is missing'],
      [{ properties: { a: {} }, unevaluatedProperties: false }, { a: 1 }, { b: 1 }, '/b is not known here'],
      [{ not: { type: 'string' } }, 1, 'a', ' should not be so'],
      [{ if: { required: ['a'] }, else: { required: ['b'] } }, { a: 1 }, {}, '/b is missing'],
      [{ anyOf: [{ type: 'string' }, { minimum: 3 }] }, 3, 2, ' fits none of the forms that are taken here'],
      [{ oneOf: [{ type: 'number' }, { minimum: 3 }] }, 2, 3, ' fits more than one form'],
      [{ required: ['constructor'] }, { constructor: 1 }, {}, '/constructor is missing'],
      [
        { type: 'string', format: 'date-time' },
        '2026-11-21T19:00:00Z',
        '2026-11-21 19h',
        ' should be a valid date-time',
      ],
      [{ type: 'string', format: 'uuid' }, '0b2e4f1e-9d3f-4f5a-8c55-5f1f7c1f2a3b', '0b2e', ' should be a valid uuid'],
      [{ format: 'date-time' }, '2026-11-21T19:00:00.123+01:00', ' '.repeat(900_000), ' should be a valid date-time'],
      [{ format: 'byte' }, `${'aGkh'.repeat(200_000)}aGk=`, 'aGk', ' should be a valid byte'],
      [{ pattern: '^[a-z]*$' }, 'a'.repeat(1_000_000), 'A', ' has not the form that it should have'],
      [{ type: 'string', format: 'ipv6' }, '::1', '127.0.0.1', ' should be a valid ipv6'],
      [{ type: 'integer', format: 'int32' }, 2147483647, 2147483648, ' should be a valid int32'],
      [{ type: 'string', format: 'email', maxLength: 1 }, '?', '??', ' should have at most 1 character'],
    ]
    const { ask } = await shopBehind(
      t,
      documentOf(
        Object.fromEntries(
          cases.map(([schema], index) => [
            `/${index}`,
            { post: { requestBody: { content: { 'application/json': { schema } } } } },
          ]),
        ),
      ),
    )
    for (const [index, [schema, fits, wrong, message]] of cases.entries()) {
      const post = async (body: unknown) => told(await ask(`POST /${index}`, { body: JSON.stringify(body) }))
      assert.deepEqual(await post(fits), [], JSON.stringify(schema))
      assert.deepEqual(await post(wrong), [`body ${message}`], JSON.stringify(schema))
    }
  })

  it('is read and held to however deep its schemas refer to each other', async (t) => {
    const schemas = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, at) => [
        `S${at}`,
        { type: 'object', properties: { next: { $ref: `#/components/schemas/S${(at + 1) % 2_000}` } } },
      ]),
    )
    const { ask } = await shopBehind(t, taking({ $ref: '#/components/schemas/S0' }, { components: { schemas } }))
    const nested = (inner: string) => `${'{"next":'.repeat(80)}${inner}${'}'.repeat(80)}`
    assert.equal((await ask('POST /things', { body: nested('{}') })).status, 200)
    assert.deepEqual(told(await ask('POST /things', { body: nested('7') })), [
      `body ${'/next'.repeat(40)}… should be an object`,
    ])
  })

  for (const { what, document, says } of [
    {
      what: 'a pattern that looks ahead',
      document: taking({ type: 'string', pattern: '^(?=.*\\d).{8,}$' }),
      says: /^shop\.yaml:14:24 The pattern looks ahead or behind, so it is not run\. /,
    },
    {
      what: 'a type that there is not',
      document: taking({ type: 'strng' }),
      says: /^shop\.yaml:13:21 There is no such type\. Did you mean string\?$/,
    },
    { what: 'no type at all', document: taking({ type: [] }), says: /^shop\.yaml:13:21 Expected a type, or a list/ },
    {
      what: 'more properties than become code',
      document: taking({ properties: Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`p${at}`, {}])) }),
      says: /More than 1000 schemas by name in one place are not read\.$/,
    },
    {
      what: 'schemas within schemas without end',
      document: taking(
        Array.from({ length: 100 }).reduce<object>((inner) => ({ properties: { a: inner } }), { type: 'string' }),
      ),
      says: /^shop\.yaml:\d+:\d+ Schemas within schemas go too deep here\. Name the inner ones/,
    },
    {
      what: 'an alias that leads back to its schema',
      document: `openapi: 3.1.0
paths:
  /things:
    post: { requestBody: { content: { application/json: { schema: &node { properties: { a: *node, b: *node } } } } } }
`,
      says: /^shop\.yaml:\d+:\d+ Schemas within schemas go too deep here\./,
    },
    {
      what: 'a parameter that its path does not have',
      document: documentOf({ '/a/{id}': { get: { parameters: [{ name: 'ID', in: 'path', required: true }] } } }),
      says: /^shop\.yaml:\d+:\d+ \/a\/\{id\} has no \{ID\}, so that every request would lack it\. Did you mean id\?$/,
    },
    { what: 'an empty enum', document: taking({ enum: [] }), says: /Expected a list of values\.$/ },
    {
      what: 'a bound that is no number',
      document: taking({ properties: { a: { minimum: '1' } } }),
      says: /^shop\.yaml:15:28 Expected a number\.$/,
    },
    {
      what: 'a reference to nothing',
      document: taking({ $ref: '#/components/schemas/Thing' }),
      says: /^shop\.yaml:13:21 There is no such thing in this file\. Put the files of a document together into one\.$/,
    },
    {
      what: 'a reference to another file',
      document: taking({ $ref: 'thing.yaml' }),
      says: /There is no such thing in this file/,
    },
    {
      what: 'a schema that is made of itself',
      document: taking(
        { $ref: '#/components/schemas/A' },
        {
          components: {
            schemas: { A: { allOf: [{ $ref: '#/components/schemas/B' }] }, B: { $ref: '#/components/schemas/A' } },
          },
        },
      ),
      says: /This schema is made of itself/,
    },
    {
      what: 'a style that no query has',
      document: documentOf({ '/a': { get: { parameters: [{ name: 'a', in: 'query', style: 'matrix' }] } } }),
      says: /^shop\.yaml:11:18 Of a query, only form, spaceDelimited, pipeDelimited, deepObject is read here\.$/,
    },
    {
      what: 'a parameter without a name',
      document: documentOf({ '/a': { get: { parameters: [{ in: 'query' }] } } }),
      says: /A parameter has a name/,
    },
    {
      what: 'a body without content',
      document: documentOf({ '/a': { post: { requestBody: {} } } }),
      says: /A body has `content`/,
    },
  ])
    it(`is refused by check for ${what}, with the place`, async () => {
      const [first, ...others] = await checked(document)
      assert.match(first ?? '', says)
      if (!['a schema that is made of itself', 'an alias that leads back to its schema'].includes(what))
        assert.deepEqual(others, [])
    })

  it('is told once, however many routes go by it', async () => {
    const route = 'path: /things, validate: true }\n  - { service: shop, path: /*, validate: true'
    const [diagnostic, ...others] = await checked(taking({ type: 'strng' }), { route })
    assert.match(diagnostic ?? '', /no such type/)
    assert.deepEqual(others, [])
  })

  for (const { what, route, document = documentOf({ '/orders': { get: {} } }), says } of [
    {
      what: 'WebSockets',
      route: 'path: /*, validate: true, websocket: true',
      says: /What WebSockets carry is in no OpenAPI document/,
    },
    { what: 'raw paths', route: 'path: /*, validate: true, pathMode: raw', says: /Raw paths have no one reading/ },
    {
      what: 'a route that leads to none of its paths',
      route: 'path: /users/*, validate: true',
      says: /describes nothing that this route leads to: its paths are such as \/orders\./,
    },
    {
      what: 'a server elsewhere',
      route: 'path: /orders, validate: true',
      document: { ...documentOf({ '/orders': { get: {} } }), servers: [{ url: 'https://a.example/v1' }] },
      says: /its paths are such as \/v1\/orders\. Correct its first server/,
    },
  ])
    it(`is not held against ${what}: check says so`, async () => {
      const [only, ...others] = await checked(document, { route })
      assert.match(only ?? '', says)
      assert.deepEqual(others, [])
    })

  for (const { what, route, base = '', servers = [] } of [
    { what: 'rewritten', route: 'path: "/users/{id}", rewrite: { path: "/orders/{id}/lines" }, validate: true' },
    { what: 'stripped', route: 'path: /public/*, stripPrefix: true, validate: true' },
    {
      what: 'below a base that its server has',
      route: 'path: /orders/*, validate: true',
      base: '/api/v1',
      servers: [{ url: '/v1' }],
    },
    {
      what: 'below a server',
      route: 'path: /v1/orders/*, validate: true',
      servers: [{ url: 'https://a.example/v1/' }],
    },
    { what: 'exact', route: 'path: "/orders/{x}/lines", validate: true' },
  ])
    it(`is found by a path that is ${what}`, async () => {
      const document = { ...documentOf({ '/orders/{id}/lines': { get: {} } }), servers }
      assert.deepEqual(await checked(document, { route, base }), [])
    })
})

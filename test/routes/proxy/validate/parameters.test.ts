import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { documentOf, shopBehind, told } from './support.ts'

const size = {
  type: 'object',
  required: ['from'],
  additionalProperties: false,
  properties: {
    from: { type: 'integer' },
    to: { type: 'integer' },
    tags: { type: 'array', items: { type: 'string' } },
  },
}

/** What each test adds to the document that one gateway serves. */
const described: Record<string, object> = {}

type Shop = Awaited<ReturnType<typeof shopBehind>>

describe('parameters of a route that validates', () => {
  for (const { path, parameter, fits, wrong } of [
    {
      path: '/integer',
      parameter: { name: 'n', schema: { type: 'integer', minimum: 0 } },
      fits: ['', '?n=7', '?n=%37', '?n=1e2', '?n=1.0', '?%6e=7'],
      wrong: [
        '?n=',
        '?n=x',
        '?n=-1',
        '?n=0x10',
        '?n=+7',
        '?n=1.5',
        '?n=7&n=7',
        '?n=7,8',
        '?n=%ff',
        '?N=7',
        '?n%5B%5D=7',
      ],
    },
    {
      path: '/boolean',
      parameter: { name: 'b', required: true, schema: { type: 'boolean' } },
      fits: ['?b=true', '?b=false'],
      wrong: ['', '?b', '?b=1', '?b=TRUE'],
    },
    {
      path: '/empty',
      parameter: { name: 'b', allowEmptyValue: true, schema: { type: 'boolean' } },
      fits: ['?b', '?b=', '?b=true'],
      wrong: ['?b=yes'],
    },
    {
      path: '/text',
      parameter: { name: 't', schema: { type: 'string', maxLength: 3 } },
      fits: ['?t=abc', '?t=7', '?t=%C3%A9t%C3%A9', '?t=a+b', '?t='],
      wrong: ['?t=abcd', '?t=%'],
    },
    {
      path: '/either',
      parameter: { name: 'e', schema: { oneOf: [{ type: 'integer' }, { type: 'string', enum: ['all'] }] } },
      fits: ['?e=7', '?e=all'],
      wrong: ['?e=some', '?e=7.5'],
    },
    {
      path: '/exploded',
      parameter: { name: 'l', schema: { type: 'array', items: { type: 'integer' }, maxItems: 2 } },
      fits: ['', '?l=1', '?l=1&l=2'],
      wrong: ['?l=1,2', '?l=1&l=2&l=3', '?l=a'],
    },
    {
      path: '/commas',
      parameter: { name: 'l', explode: false, schema: { type: 'array', items: { enum: ['a', 'b', 'a,b'] } } },
      fits: ['?l=a,b', '?l=', '?l=a%2Cb,a'],
      wrong: ['?l=a,c', '?l=a&l=b'],
    },
    {
      path: '/spaces',
      parameter: {
        name: 'l',
        style: 'spaceDelimited',
        explode: false,
        schema: { type: 'array', items: { type: 'integer' } },
      },
      fits: ['?l=1%202', '?l=1+2'],
      wrong: ['?l=1,2'],
    },
    {
      path: '/pipes',
      parameter: {
        name: 'l',
        style: 'pipeDelimited',
        explode: false,
        schema: { type: 'array', items: { type: 'integer' } },
      },
      fits: ['?l=1%7C2', '?l=1|2'],
      wrong: ['?l=1,2'],
    },
    {
      path: '/deep',
      parameter: { name: 'f', style: 'deepObject', schema: size },
      fits: ['', '?f[from]=1&f[to]=2', '?f%5Bfrom%5D=1', '?f[from]=1&f[tags]=a&f[tags]=b'],
      wrong: ['?f[from]=x', '?f[else]=1', '?f[from]=1&f[from]=2', '?f=1', '?f[to]=2'],
    },
    {
      path: '/spread',
      parameter: { name: 'f', schema: size },
      fits: ['?from=1&to=2', '?from=1'],
      wrong: ['?from=x', '?else=1', '?to=1', '?f=1'],
    },
    {
      path: '/pairs',
      parameter: { name: 'f', explode: false, schema: size },
      fits: ['?f=from,1,to,2'],
      wrong: ['?f=from,x', '?f=else,1', '?from=1'],
    },
    {
      path: '/open-pairs',
      parameter: { name: 'f', explode: false, schema: { properties: { role: { const: 'user' } } } },
      fits: ['?f=role,user', '?f=r%6fle,user,else,1', '?f='],
      wrong: ['?f=role,admin', '?f=r%6fle,admin', '?f=role,admin,role,user', '?f=role,user,%72ole,user', '?f=%ff,1'],
    },
    {
      path: '/json',
      parameter: { name: 'j', content: { 'application/json': { schema: size } } },
      fits: ['?j=%7B%22from%22:1%7D'],
      wrong: ['?j=%7B', '?j=%7B%22from%22:%22x%22%7D', '?j=%7B%22from%22:1,%22from%22:1%7D'],
    },
    { path: '/anything', parameter: { name: 'a' }, fits: ['?a=1&a=2', '?a=%'], wrong: ['?b=1'] },
  ]) {
    described[path] = { get: { parameters: [{ in: 'query', ...parameter }] } }
    it(`are read in queries as ${path.slice(1)}`, async () => {
      for (const query of fits) assert.equal((await shop.ask(`GET ${path}${query}`)).status, 200, query)
      for (const query of wrong) assert.equal((await shop.ask(`GET ${path}${query}`)).status, 400, query)
    })
  }

  described['/items/{ids}/at/{day}'] = {
    parameters: [
      { name: 'ids', in: 'path', required: true, schema: { type: 'array', items: { type: 'integer' }, maxItems: 3 } },
      { name: 'day', in: 'path', required: true, schema: { type: 'string', format: 'date' } },
    ],
    get: {},
  }
  it('are read in paths, each its segment', async () => {
    for (const path of ['/items/1/at/2026-02-28', '/items/1,2,3/at/2026-02-%328'])
      assert.equal((await shop.ask(`GET ${path}`)).status, 200, path)
    assert.deepEqual(told(await shop.ask('GET /items/1,x/at/2026-02-30')), [
      'path /ids/1 should be an integer',
      'path /day should be a valid date',
    ])
    assert.equal((await shop.ask('GET /items/1%2F2/at/2026-02-28')).status, 400)
  })

  described['/head'] = {
    get: {
      parameters: [
        { name: 'X-Ids', in: 'header', schema: { type: 'array', items: { type: 'integer' } } },
        { name: 'X-Size', in: 'header', explode: true, schema: size },
        { name: 'session', in: 'cookie', required: true, schema: { type: 'string', minLength: 4 } },
      ],
    },
  }
  it('are read in headers and cookies', async () => {
    const ask = (headers: Record<string, string>) => shop.ask('GET /head', { headers })
    const cookie = 'a=1; session=abcd; session=x'
    assert.equal((await ask({ cookie })).status, 200)
    assert.equal((await ask({ cookie, 'x-ids': '1, 2', 'x-size': 'from=1,to=2', 'x-else': 'y' })).status, 200)
    assert.deepEqual(told(await ask({ cookie: 'session=abc', 'x-ids': '1, b', 'x-size': 'to=2' })), [
      'header /X-Ids/1 should be an integer',
      'header /X-Size/from is missing',
      'cookie /session should have at least 4 characters',
    ])
    assert.deepEqual(told(await ask({ cookie: 'sessions=abcd' })), ['cookie /session is missing'])
  })

  let shop: Shop
  let end: () => Promise<void>
  before(async () => {
    const ends: (() => void | Promise<void>)[] = []
    shop = await shopBehind({ after: (one: () => void) => ends.push(one) } as never, documentOf(described))
    end = async () => {
      for (const one of ends.toReversed()) await one()
    }
  })
  after(() => end())
})

import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { describe, it } from 'node:test'
import { layWorkspace, startGateway } from '../../../support/gateway.ts'
import { exchangeBytes } from '../support/gateway.ts'
import { documentOf, shopBehind, taking, told } from './support.ts'

describe('a route that validates', () => {
  it('passes on what fits, byte by byte as it came', async (t) => {
    const { ask, seen } = await shopBehind(t, orders)
    const body = '{ "items":[ {"sku":"a-1","qty":1.0} ],\n"note":"\\u00e9", "total": 1.10 }'
    assert.equal((await ask('POST /orders?dry=true', { body, headers: { 'x-tenant': 'acme' } })).status, 200)
    assert.equal((await ask('GET /orders/7?expand=a,b&limit=%35')).status, 200)
    assert.equal((await ask('HEAD /orders/7')).status, 200)
    assert.deepEqual(seen, [
      { line: 'POST /orders?dry=true', body: Buffer.from(body).toString('latin1') },
      { line: 'GET /orders/7?expand=a,b&limit=%35', body: '' },
      { line: 'HEAD /orders/7', body: '' },
    ])
  })

  it('tells all that is wrong at once, in words that repeat no value, and sends nothing', async (t) => {
    const { ask, seen } = await shopBehind(t, orders)
    const secret = '4111111111111111'
    const answer = await ask('POST /orders?dry=yes&limit=1', {
      body: JSON.stringify({ items: [{ sku: secret, qty: 0 }, { qty: secret }, secret], more: { [secret]: secret } }),
    })
    assert.equal(answer.status, 400)
    assert.equal(answer.body.detail, 'The request is not as its description wants it.')
    assert.deepEqual(told(answer), [
      'query /dry should be true or false',
      'header /X-Tenant is missing',
      'query /limit is not known here',
      'body /more is not known here',
      'body /items/0/sku has not the form that it should have',
      'body /items/0/qty should be at least 1',
      'body /items/1/sku is missing',
      'body /items/1/qty should be an integer',
      'body /items/2 should be an object',
    ])
    assert.doesNotMatch(JSON.stringify(answer.body), /4111/)
    assert.deepEqual(seen, [])
  })

  it('tells twenty mistakes at most', async (t) => {
    const { ask } = await shopBehind(t, orders)
    const items = Array.from({ length: 500 }, () => ({ sku: 'A', qty: 0 }))
    const answer = await ask('POST /orders', { body: JSON.stringify({ items }), headers: { 'x-tenant': 'acme' } })
    assert.equal(told(answer).length, 20)
  })

  it('knows no other operations: 404 for paths, 405 with Allow for methods', async (t) => {
    const { ask, seen } = await shopBehind(t, orders)
    for (const path of ['/order', '/orders/', '/orders/7/lines', '/Orders', '/'])
      assert.equal((await ask(`GET ${path}`)).status, 404, path)
    const refused = await ask('DELETE /orders/7')
    assert.equal(refused.status, 405)
    assert.equal(refused.headers.get('allow'), 'GET, PUT, HEAD')
    assert.deepEqual(seen, [])
  })

  it('lets pass what the document does not have, where it says so, and holds the rest against it', async (t) => {
    const { ask, seen } = await shopBehind(t, orders, { route: 'path: /*, validate: { unknown: pass }' })
    assert.equal((await ask('GET /else?a=1')).status, 200)
    assert.equal((await ask('DELETE /orders/7')).status, 200)
    assert.equal((await ask('GET /orders/7?more=1')).status, 200)
    assert.equal((await ask('GET /orders/7', { headers: {} })).status, 200)
    assert.equal((await ask('GET /orders/x')).status, 400)
    assert.equal(seen.length, 4)
  })

  it('refuses by 415 what the operation does not list, and what is no JSON of one reading', async (t) => {
    const { ask, port, seen } = await shopBehind(t, orders)
    const send = (type: string) =>
      exchangeBytes(
        port,
        `POST /orders HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Tenant: a\r\n${type}Content-Length: 2\r\n\r\n{}`,
      )
    for (const type of [
      '',
      'Content-Type: text/json\r\n',
      'Content-Type: text/plain\r\n',
      'Content-Type: application/json\t;a\r\n',
      'Content-Type: application/json;charset\r\n',
      'Content-Type: application/json, text/plain\r\n',
      'Content-Type: application/json;charset=utf-16\r\n',
      'Content-Type: application/json; charset="latin1"\r\n',
      'Content-Type: application/json; charset=utf-8; charset=utf-7\r\n',
      'Content-Type: application/json; charset=utf-8; charset*=utf-7\r\n',
      'Content-Type: application/json\r\nContent-Type: text/plain\r\n',
      'Content-Type: application/json\r\nContent-Encoding: gzip\r\n',
    ])
      assert.match(await send(type), /^HTTP\/1\.1 415 /, type)
    for (const type of [
      'application/json',
      'APPLICATION/JSON',
      'application/json ;charset="UTF-8"',
      'application/json;',
    ])
      assert.match(
        await send(`Content-Type: ${type}\r\n`),
        /^HTTP\/1\.1 400 [^]*"path":"\/items","message":"is missing"/,
        type,
      )
    assert.equal((await ask('PUT /orders/7', { body: 'a=1', headers: { 'content-type': 'text/csv' } })).status, 200)
    assert.equal(seen.length, 1)
  })

  it('holds what a range of types calls anything against its schema, whatever its name', async (t) => {
    const schema = { type: 'object', required: ['a'] }
    const { ask } = await shopBehind(
      t,
      documentOf({ '/any': { post: { requestBody: { content: { '*/*': { schema } } } } } }),
    )
    for (const type of ['application/json', 'text/plain', 'application/vnd.a+json']) {
      const headers = { 'content-type': type }
      assert.equal((await ask('POST /any', { headers, body: '{"a":1}' })).status, 200, type)
      assert.equal((await ask('POST /any', { headers, body: '{}' })).status, 400, type)
    }
    assert.equal((await ask('POST /any')).status, 200)
  })

  for (const { what, body } of [
    { what: 'a key that is there twice', body: '{"items":[],"items":[{"sku":"a-1","qty":1}]}' },
    { what: '__proto__', body: '{"items":[{"sku":"a-1","qty":1}],"__proto__":{}}' },
    { what: 'no JSON', body: '{"items":' },
    { what: 'a byte order mark', body: '\ufeff{"items":[{"sku":"a-1","qty":1}]}' },
    { what: 'too many levels', body: `{"items":${'['.repeat(100)}${']'.repeat(100)}}` },
    { what: 'a number that is none', body: '{"items":[{"sku":"a-1","qty":1e999}]}' },
  ])
    it(`refuses ${what}`, async (t) => {
      const { ask, seen } = await shopBehind(t, orders)
      assert.equal((await ask('POST /orders', { body, headers: { 'x-tenant': 'a' } })).status, 400)
      assert.deepEqual(seen, [])
    })

  it('holds bodies whole, up to the bound of the route: 413 past it, however they come', async (t) => {
    const { ask, port, url, seen } = await shopBehind(t, orders, { route: 'path: /*, validate: true, maxBody: 100KiB' })
    const order = (size: number) => JSON.stringify({ items: [{ sku: 'a-1', qty: 1 }], note: 'x'.repeat(size) })
    const headers = { 'x-tenant': 'a' }
    assert.equal((await ask('POST /orders', { headers, body: order(90_000) })).status, 200)
    assert.equal((await ask('POST /orders', { headers, body: order(200_000) })).status, 413)
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
    const head = `POST /orders HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Tenant: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`
    const halves = (text: string) => [text.slice(0, 20), text.slice(20)]
    assert.match(await exchangeBytes(port, head, ...halves(order(5)).map(chunk), '0\r\n\r\n'), /^HTTP\/1\.1 200 /)
    assert.match(await exchangeBytes(port, head, ...halves(order(200_000)).map(chunk), '0\r\n\r\n'), /^HTTP\/1\.1 413 /)
    assert.match(
      await exchangeBytes(port, head, ...halves('{"items":[],"note":1}').map(chunk), '0\r\n\r\n'),
      /^HTTP\/1\.1 400 /,
    )
    assert.deepEqual(
      seen.map(({ body }) => body),
      [order(90_000), order(5)],
    )
    const session = connectHttp2(url)
    t.after(() => session.destroy())
    const status = (body: string) =>
      new Promise((resolve, reject) => {
        const stream = session.request({
          ':path': '/orders',
          ':method': 'POST',
          'content-type': 'application/json',
          'x-tenant': 'a',
        })
        stream.on('response', (answer) => resolve(answer[':status'])).on('error', reject)
        stream.resume()
        stream.end(body)
      })
    assert.equal(await status(order(6)), 200)
    assert.equal(await status('{"items":7}'), 400)
  })

  it('says of a body that it is missing, or that none is known', async (t) => {
    const { ask } = await shopBehind(t, orders)
    assert.deepEqual(told(await ask('POST /orders', { headers: { 'x-tenant': 'a' } })), ['body  is missing'])
    assert.deepEqual(told(await ask('PUT /orders/x', { body: '' })), ['path /id should be an integer'])
    assert.deepEqual(told(await ask('POST /ping', { body: '{}' })), ['body  is not known here'])
  })

  it('looks paths up as the service gets them: rewritten, below its base and below the document’s server', async (t) => {
    const settings = { route: 'path: /public/*, stripPrefix: true, validate: true', base: '/api' }
    const { ask, seen } = await shopBehind(
      t,
      { ...orders, servers: [{ url: 'https://shop.example/{v}', variables: { v: { default: 'api' } } }] },
      settings,
    )
    assert.equal((await ask('GET /public/orders/7')).status, 200)
    assert.equal((await ask('GET /public/orders/x')).status, 400)
    assert.equal((await ask('GET /public/api/orders/7')).status, 404)
    assert.deepEqual(
      seen.map(({ line }) => line),
      ['GET /api/orders/7'],
    )
    const other = await shopBehind(
      t,
      { ...orders, servers: [{ url: '/v1' }] },
      { route: 'path: /v1/*, validate: true' },
    )
    assert.equal((await other.ask('GET /v1/orders/7')).status, 200)
    assert.equal((await other.ask('GET /v1/orders/x')).status, 400)
    assert.equal((await other.ask('GET /v1')).status, 404)
  })

  it('takes text in a path before parameters, and parts of segments', async (t) => {
    const number = { name: 'id', in: 'path', required: true, schema: { type: 'integer' } }
    const { ask } = await shopBehind(
      t,
      documentOf({
        '/a/{id}': { get: { parameters: [number] } },
        '/a/mine': { get: {} },
        '/a/{id}.json': { get: { parameters: [number] } },
        '/a/{id}:archive': { post: { parameters: [number] } },
        '/ü ber': { get: {} },
      }),
    )
    const statuses = async (...lines: readonly string[]) =>
      Promise.all(lines.map(async (line) => (await ask(line)).status))
    assert.deepEqual(
      await statuses('GET /a/7', 'GET /a/mine', 'GET /a/7.json', 'POST /a/7:archive'),
      [200, 200, 200, 200],
    )
    assert.deepEqual(
      await statuses('GET /a/x', 'GET /a/x.json', 'POST /a/x:archive', 'POST /a/7'),
      [400, 400, 400, 405],
    )
    assert.deepEqual(await statuses('GET /%C3%BC%20ber', 'GET /%c3%bc%20ber', 'GET /ber'), [200, 200, 404])
  })

  it('asks nobody for headers that the gateway alone says, nor for what other words of a description say', async (t) => {
    const headers = ['X-Forwarded-For', 'x-auth-subject', 'Accept', 'Authorization', 'Content-Type'].map((name) => ({
      name,
      in: 'header',
      required: true,
      schema: { type: 'integer' },
    }))
    const { ask } = await shopBehind(t, documentOf({ '/a': { parameters: headers, get: {} } }))
    assert.equal((await ask('GET /a')).status, 200)
  })

  it('takes no body of a client that asks first and is refused by its head', async (t) => {
    const { port, seen } = await shopBehind(t, orders)
    const send = (line: string, type: string) =>
      exchangeBytes(
        port,
        `${line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Tenant: a\r\nExpect: 100-continue\r\nContent-Type: ${type}\r\nContent-Length: 2\r\n\r\n`,
      )
    assert.match(await send('POST /orders', 'text/plain'), /^HTTP\/1\.1 415 /)
    assert.match(await send('POST /nothing', 'application/json'), /^HTTP\/1\.1 404 /)
    assert.match(await send('DELETE /orders', 'application/json'), /^HTTP\/1\.1 405 /)
    assert.deepEqual(seen, [])
  })

  it('holds each part of a split against the document of its service, and who stands in against none', async (t) => {
    const described = 'openapi: 3.1.0\npaths: { /old: { get: {} } }\n'
    const { dir, remove } = await layWorkspace({
      'old.yaml': described,
      'new.yaml': described.replace('/old', '/new'),
      'portico.yaml': `listen: 127.0.0.1:0
services:
  old: { rest: http://127.0.0.1:1, identity: none, openapi: old.yaml }
  new: { rest: http://127.0.0.1:1, identity: none, openapi: new.yaml }
  bare: { rest: http://127.0.0.1:1, identity: none }
routes:
  - path: /*
    split: [{ service: old, weight: 1 }, { service: new, weight: 1 }]
    override: { header: x-part, from: 127.0.0.0/8 }
    fallback: { service: bare, respond: { status: 203 } }
    validate: true
`,
    })
    const { url, close } = await startGateway(dir)
    t.after(async () => {
      await close()
      await remove()
    })
    const status = async (path: string, part: string) =>
      (await fetch(url + path, { headers: { 'x-part': part } })).status
    assert.deepEqual(await Promise.all([status('/old', 'old'), status('/new', 'new')]), [203, 203])
    assert.deepEqual(await Promise.all([status('/old', 'new'), status('/new', 'old')]), [404, 404])
  })

  it('gives up what takes too long to be seen, and answers others meanwhile', async (t) => {
    const expression = {
      oneOf: ['a', 'b', 'c'].map((op) => ({
        type: 'object',
        properties: { left: { $ref: '#/components/schemas/Expression' }, op: { const: op } },
      })),
    }
    const { ask } = await shopBehind(
      t,
      taking({ $ref: '#/components/schemas/Expression' }, { components: { schemas: { Expression: expression } } }),
    )
    const nested = (levels: number) => `${'{"left":'.repeat(levels)}{"op":"a"}${',"op":"b"}'.repeat(levels)}`
    assert.equal((await ask('POST /things', { body: nested(2) })).status, 200)
    const refused = await ask('POST /things', { body: nested(90) })
    assert.equal(refused.status, 400)
    assert.match(refused.body.detail ?? '', /takes too long/)
  })

  it('does not go through a long list of values for each that is held against it', async (t) => {
    const known = Array.from({ length: 1_000 }, (_, at) => ({ at, b: [at] }))
    const { ask } = await shopBehind(t, taking({ type: 'array', items: { enum: [...known, 'a', 1, null] } }))
    const post = async (items: readonly unknown[]) => ask('POST /things', { body: JSON.stringify(items) })
    assert.equal((await post(Array.from({ length: 20_000 }, () => known.at(-1)))).status, 200)
    assert.equal((await post(['a', 1, null, { b: [7], at: 7 }])).status, 200)
    assert.deepEqual(told(await post(['1', { at: 1 }, [1], 1])), [
      'body /0 is none of the values that are taken here',
      'body /1 is none of the values that are taken here',
      'body /2 is none of the values that are taken here',
    ])
  })

  it('does not spend the square of what there is on items that may not be twice', async (t) => {
    const { ask } = await shopBehind(t, taking({ type: 'array', uniqueItems: true }))
    const items = (size: number) => Array.from({ length: size }, (_, at) => ({ at, b: [at] }))
    assert.equal((await ask('POST /things', { body: JSON.stringify(items(20_000)) })).status, 200)
    const twice = [...items(3), { b: [1], at: 1 }]
    assert.deepEqual(told(await ask('POST /things', { body: JSON.stringify(twice) })), ['body  has an item twice'])
  })
})

const orders = documentOf(
  {
    '/orders': {
      post: {
        parameters: [
          { name: 'dry', in: 'query', schema: { type: 'boolean' } },
          { name: 'X-Tenant', in: 'header', required: true, schema: { type: 'string', minLength: 1 } },
        ],
        requestBody: { $ref: '#/components/requestBodies/Order' },
      },
    },
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: {
        parameters: [
          { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 10 } },
          { name: 'expand', in: 'query', explode: false, schema: { type: 'array', items: { enum: ['a', 'b'] } } },
        ],
      },
      put: { requestBody: { content: { 'text/csv': {} } } },
    },
    '/ping': { post: {} },
  },
  {
    components: {
      requestBodies: {
        Order: { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } } },
      },
      schemas: {
        Order: {
          type: 'object',
          required: ['items'],
          additionalProperties: false,
          properties: {
            items: { type: 'array', minItems: 1, items: { $ref: '#/components/schemas/Item' } },
            note: { type: ['string', 'null'] },
            total: { type: 'number', multipleOf: 0.01 },
          },
        },
        Item: {
          type: 'object',
          required: ['sku', 'qty'],
          properties: { sku: { type: 'string', pattern: '^[a-z]+-[0-9]+$' }, qty: { type: 'integer', minimum: 1 } },
        },
      },
    },
  },
)

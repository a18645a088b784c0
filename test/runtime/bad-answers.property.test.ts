import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { after, before, it } from 'node:test'
import * as fc from 'fast-check'
import { layWorkspace, startGateway, type TestGateway, type TestWorkspace } from '../support/gateway.ts'

const seed = Number(process.env['PORTICO_SEED'] ?? Date.now() % 1_000_000)
const runs = Number(process.env['PORTICO_RUNS'] ?? 300)

/** What a service writes that a client may see in no error. */
const word = 'xyzzy'

it(`whatever a service makes of its bytes, the answer is GraphQL, in time, and shows none of them in an error (PORTICO_SEED=${seed})`, async () => {
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(
      changesBy(fc.oneof(change, { weight: 5, arbitrary: otherValue })),
      changesBy(change),
      fc.boolean(),
      async (ofBody, ofAll, ends) => {
        answer = { bytes: ofAll(framed(ofBody(body))), ends }
        const started = performance.now()
        const reply = await fetch(`${gateway.url}/app/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query: '{ things { id name price tags any part { id label } } }' }),
        })
        const text = await reply.text()
        assert.ok(performance.now() - started < budgetMs + soonMs, 'It took too long.')
        assert.equal(reply.status, 200, text)
        const found = JSON.parse(text) as Answer
        checkAnswer(found)
        seen.add(found.data.things === null ? 'nothing' : found.errors === undefined ? 'everything' : 'a part')
      },
    ),
    { seed, numRuns: runs },
  )
  assert.deepEqual([...seen].sort(), ['a part', 'everything', 'nothing'])
})

const budgetMs = 60
const soonMs = 20_000

type Answer = {
  readonly data: { readonly things: readonly Thing[] | null }
  readonly errors?: readonly {
    readonly message: string
    readonly path: readonly unknown[]
    readonly extensions: { readonly code: string }
  }[]
}
type Thing = { readonly id: unknown; readonly tags: unknown; readonly part: { readonly id: unknown } | null }

const checkAnswer = ({ data, errors = [] }: Answer): void => {
  for (const { id, tags, part } of data.things ?? []) {
    assert.equal(typeof id, 'string')
    assert.ok(tags === null || (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')))
    assert.ok(part === null || typeof part.id === 'string')
  }
  for (const { message, path, extensions } of errors) {
    assert.doesNotMatch(message, /xyzzy|127\.0\.0\.1|ECONN|\n/)
    assert.equal(path[0], 'things')
    assert.match(extensions.code, /^(UNAVAILABLE|DEADLINE_EXCEEDED|NOT_FOUND)$/)
  }
}

const body = Buffer.from(
  JSON.stringify([
    {
      id: 't-1',
      name: word,
      price: '1.10',
      tags: [word, 'b'],
      any: { [word]: [1, null, { __proto__: null }] },
      partId: 't-1',
    },
    { id: 2, name: 'é€😀', price: 9.5, tags: [], any: word, partId: 2 },
  ]),
)

const framed = (content: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-${word}: ${word}\r\n`),
    Buffer.from(`transfer-encoding: chunked\r\n\r\n${content.length.toString(16)}\r\n`),
    content,
    Buffer.from('\r\n0\r\n\r\n'),
  ])

type Change = (bytes: Buffer) => Buffer

/** Anywhere alike; most doubles between 0 and 1 are next to nothing. */
const place = fc.noBias(fc.nat(9_999)).map((share) => share / 10_000)
const at = (bytes: Buffer, share: number): number => Math.floor(share * bytes.length)

/** Bytes that mean something to HTTP or JSON come up more often than others. */
const telling = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((byte) => Buffer.from([byte])),
  fc
    .constantFrom(
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '-',
      'e',
      '\r\n',
      '\r',
      '\n',
      '\0',
      '\u00ff',
      '1e999',
      '__proto__',
      'null',
      '\\u0000',
      '0\r\n\r\n',
      'content-length: 3\r\n',
    )
    .map((text) => Buffer.from(text, 'latin1')),
)

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, telling).map(
    ([share, piece]): Change =>
      (bytes) => {
        const from = at(bytes, share)
        return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(from + piece.length)])
      },
  ),
  fc.tuple(place, telling).map(
    ([share, piece]): Change =>
      (bytes) => {
        const from = at(bytes, share)
        return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(from)])
      },
  ),
  fc.tuple(place, place).map(
    ([share, length]): Change =>
      (bytes) => {
        const from = at(bytes, share)
        return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + Math.floor(length * length * 40))])
      },
  ),
  fc.tuple(place, place, place).map(
    ([share, other, length]): Change =>
      (bytes) => {
        const from = at(bytes, share)
        const piece = bytes.subarray(from, from + Math.floor(length * 60))
        const to = at(bytes, other)
        return Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)])
      },
  ),
  place.map(
    (share): Change =>
      (bytes) =>
        bytes.subarray(0, at(bytes, share)),
  ),
)

/** Another value in place of one: JSON as before, and of another shape. */
const otherValue = fc
  .tuple(place, fc.constantFrom('null', '[]', '{}', '[null]', '1e400', '-0', 'true', '"x"', '{"__proto__":1}'))
  .map(
    ([share, value]): Change =>
      (bytes) => {
        const values = [...bytes.toString().matchAll(/(?<=[:[,])(?:"[^"]*"(?!:)|-?[\d.]+)/g)]
        const found = values[Math.floor(share * values.length)]
        if (found === undefined) return bytes
        const text = bytes.toString()
        return Buffer.from(text.slice(0, found.index) + value + text.slice(found.index + found[0].length))
      },
  )

/** Often none: a body that is broken arrives only in a sound frame. */
const changesBy = (one: fc.Arbitrary<Change>): fc.Arbitrary<Change> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(one, { maxLength: 4 }) }).map(
    (all): Change =>
      (bytes) =>
        all.reduce<Buffer>((changed, next) => next(changed), bytes),
  )

let answer: { readonly bytes: Buffer; readonly ends: boolean }
let server: Server
let gateway: TestGateway
let workspace: TestWorkspace
const sockets = new Set<Socket>()
before(async () => {
  server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
    socket.on('data', () => void (answer.ends ? socket.end(answer.bytes) : socket.write(answer.bytes)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
budget: ${budgetMs}ms
services:
  odd: { rest: "${url}", identity: none, maxAnswer: 64KiB }
bffs:
  app: { prefix: /app, schema: schema.graphql }
`,
    'schema.graphql': `type Query { things: [Thing!] @rest(service: "odd", get: "/things") }
type Thing {
  id: ID!
  name: String
  price: Decimal
  tags: [String!]
  any: JSON
  partId: ID @internal
  part: Part @load(by: { id: "{this.partId}" })
}
type Part @entity(key: "id") @rest(service: "odd", get: "/parts?ids={keys.id|join(',')}", batch: { match: "id", max: 50 }) {
  id: ID!
  label: String @from(path: "name")
}
`,
  })
  gateway = await startGateway(workspace.dir)
})
after(async () => {
  await gateway.close()
  for (const socket of sockets) socket.destroy()
  server.close()
  await workspace.remove()
})

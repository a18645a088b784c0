import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { ask, outcomeOf, readyClient } from './support/client.ts'
import { block, endHeaders, endStream, frame, padded, priority, uint32, withPadding } from './support/frames.ts'

describe('answers over HTTP/2', () => {
  it('reads an answer, however its bytes are cut and framed', async () => {
    await fc.assert(
      fc.asyncProperty(anAnswer, fc.array(fc.nat()), async ({ bytes, wanted }, cuts) => {
        for (const places of [[], cuts, everywhere(bytes)]) {
          const { connection, receive } = readyClient()
          const asked = ask(connection)
          receive(bytes, places)
          assert.deepEqual(await asked, wanted)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('judges broken bytes alike, however they are cut', async () => {
    const mutation = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(anAnswer, fc.array(mutation, { minLength: 1, maxLength: 3 }), async ({ bytes }, mutations) => {
        const broken = Buffer.from(bytes)
        for (const { at, byte } of mutations) broken[at % broken.length] = byte
        const outcomes = []
        for (const places of [[], everywhere(broken)]) {
          const { connection, receive, sent, told } = readyClient()
          const asked = outcomeOf(ask(connection))
          receive(broken, places)
          connection.destroy()
          outcomes.push({ answer: await asked, told, sent: (await sent()).length })
        }
        assert.deepEqual(outcomes[1], outcomes[0])
      }),
      { numRuns: 500 },
    )
  })
})

const everywhere = (bytes: Buffer): readonly number[] => Array.from(bytes, (_, index) => index)

const aField = fc
  .tuple(fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/), fc.stringMatching(/^[!-~]{0,40}$/))
  .filter(
    ([name]) =>
      !['connection', 'content-length', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].includes(
        name,
      ),
  )

/** Header frames of a block cut in pieces, padded or not, with a priority or without. */
const aBlock = (payload: Buffer, flags: number) =>
  fc
    .record({
      cuts: fc.array(fc.nat(payload.length), { maxLength: 3 }),
      padding: fc.option(fc.nat(20)),
      ranked: fc.boolean(),
    })
    .map(({ cuts, padding, ranked }) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), payload.length]
      return Buffer.concat(
        places.slice(1).map((end, index) => {
          const piece = payload.subarray(places[index], end)
          const last = index === places.length - 2 ? endHeaders : 0
          if (index > 0) return frame('continuation', { id: 1, flags: last, payload: piece })
          const first = ranked ? Buffer.concat([Buffer.alloc(5), piece]) : piece
          return frame('headers', {
            id: 1,
            flags: flags | last | (ranked ? priority : 0) | (padding === null ? 0 : padded),
            payload: padding === null ? first : withPadding(first, padding),
          })
        }),
      )
    })

const someData = fc
  .record({ payload: fc.uint8Array({ maxLength: 300 }), padding: fc.option(fc.nat(20)) })
  .map(({ payload, padding }) => ({
    payload: Buffer.from(payload),
    bytes: frame('data', {
      id: 1,
      flags: padding === null ? 0 : padded,
      payload: padding === null ? Buffer.from(payload) : withPadding(Buffer.from(payload), padding),
    }),
  }))

/** What may stand between the frames of an answer. */
const between = fc.constantFrom(
  Buffer.alloc(0),
  frame('ping', { payload: Buffer.alloc(8) }),
  frame('windowUpdate', { payload: uint32(10) }),
  frame('priority', { id: 1, payload: Buffer.alloc(5) }),
  frame(0x0a, { payload: Buffer.from('later') }),
)

const anAnswer = fc
  .record({
    interim: fc.boolean(),
    fields: fc.array(aField, { maxLength: 5 }),
    parts: fc.array(fc.tuple(someData, between), { maxLength: 5 }),
    trailers: fc.option(fc.array(aField, { minLength: 1, maxLength: 5 })),
  })
  .chain(({ interim, fields, parts, trailers }) => {
    const head: [string, string][] = [[':status', '200'], ...fields]
    const [early, first, last] = [
      aBlock(block([[':status', '103']]), 0),
      aBlock(block(head), 0),
      trailers === null ? fc.constant(frame('data', { id: 1, flags: endStream })) : aBlock(block(trailers), endStream),
    ]
    return fc.tuple(early, first, last, between).map(([one, two, three, some]) => ({
      bytes: Buffer.concat([
        interim ? one : Buffer.alloc(0),
        some,
        two,
        ...parts.flatMap(([{ bytes }, extra]) => [bytes, extra]),
        three,
      ]),
      wanted: {
        head: head.flat(),
        body: Buffer.concat(parts.map(([{ payload }]) => payload)),
        trailers: trailers === null ? undefined : trailers.flat(),
      },
    }))
  })

import assert from 'node:assert/strict'
import { it } from 'node:test'
import * as fc from 'fast-check'
import { Frames } from '../../../../../src/services/grpc/client/wire/frames.ts'

const { PORTICO_SEED } = process.env
const seed = PORTICO_SEED === undefined ? Date.now() | 0 : Number(PORTICO_SEED)

it(`messages are the same however their bytes are cut into chunks (PORTICO_SEED=${seed})`, () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 }),
      fc.nat(),
      (messages, sizes, end) => {
        const whole = Buffer.concat(messages.map(framed))
        const bytes = whole.subarray(0, whole.length === 0 ? 0 : whole.length - (end % whole.length))
        const taken: Buffer[] = []
        const frames = new Frames(40, (message) => taken.push(message))
        for (const chunk of cut(bytes, sizes)) {
          // Bytes are lent, and lie amid others.
          const lent = Buffer.concat([noise, chunk, noise])
          assert.equal(frames.push(lent, noise.length, noise.length + chunk.length), undefined)
          lent.fill(0xee)
        }
        const ends = messages.map((_, index) => Buffer.concat(messages.slice(0, index + 1).map(framed)).length)
        const complete = ends.filter((at) => at <= bytes.length).length
        assert.deepEqual(taken.map(bytesOf), messages.slice(0, complete).map(bytesOf))
        assert.equal(frames.partial, bytes.length !== (ends[complete - 1] ?? 0))
      },
    ),
    { seed },
  )
})

const noise = Buffer.from([9, 9, 9])

const framed = (message: Uint8Array): Buffer => {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] as number
    yield bytes.subarray(at, at + size)
    at += size
  }
}

const bytesOf = (message: Uint8Array): readonly number[] => [...message]

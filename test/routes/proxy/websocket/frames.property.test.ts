import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { FrameError, FrameReader } from '../../../../src/routes/proxy/websocket/frames.ts'

describe('frames of a WebSocket', () => {
  it('are followed alike, however their bytes are cut', () => {
    fc.assert(
      fc.property(someFrames, fc.boolean(), fc.array(fc.nat(), { maxLength: 20 }), (frames, masked, cuts) => {
        const bytes = Buffer.concat(frames.map((one) => frame(one, masked)))
        for (const places of [[], cuts, Array.from(bytes, (_, at) => at)]) {
          const reader = new FrameReader({ masked, mostOfMessage: 1_000_000 })
          for (const piece of pieces(bytes, places)) reader.read(piece)
          assert.equal(reader.between, true)
          assert.equal(
            reader.closed,
            frames.some(({ op }) => op === 8),
          )
        }
      }),
      { numRuns: 25 },
    )
  })

  it('are judged alike where they are none, however their bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (given, masked) => {
        const bytes = Buffer.from(given)
        assert.equal(
          judge([bytes], masked),
          judge(
            pieces(
              bytes,
              Array.from(bytes, (_, at) => at),
            ),
            masked,
          ),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  it('may be as long as a message may be, all its frames together, and no longer', () => {
    const parts = [
      frame({ op: 1, last: false, length: 70_000 }, true),
      frame({ op: 9, last: true, length: 125 }, true),
      frame({ op: 0, last: true, length: 30_000 }, true),
    ]
    assert.equal(judge(parts, true, 100_000), 'fine')
    assert.equal(judge([...parts, ...parts], true, 100_000), 'fine')
    assert.equal(judge(parts, true, 99_999), '1009')
    assert.equal(judge([Buffer.from('82ff7fffffffffffffff', 'hex'), Buffer.alloc(4)], true), '1009')
  })

  it('are refused where a side masks wrongly, cuts a control frame, or breaks a message off by another', () => {
    for (const [what, bytes, masked] of [
      ['not masked', frame({ op: 1, last: true, length: 1 }, false), true],
      ['masked', frame({ op: 1, last: true, length: 1 }, true), false],
      ['a ping that is too long', frame({ op: 9, last: true, length: 126 }, false), false],
      ['a ping in pieces', frame({ op: 9, last: false, length: 1 }, false), false],
      ['a continuation of nothing', frame({ op: 0, last: true, length: 1 }, false), false],
      [
        'a message in another',
        Buffer.concat([
          frame({ op: 1, last: false, length: 1 }, false),
          frame({ op: 1, last: true, length: 1 }, false),
        ]),
        false,
      ],
    ] as const)
      assert.equal(judge([bytes], masked), '1002', what)
  })

  it('say whether there was a message among them', () => {
    const reader = new FrameReader({ masked: false, mostOfMessage: 1_000 })
    assert.equal(reader.read(frame({ op: 9, last: true, length: 4 }, false)), false)
    assert.equal(reader.read(frame({ op: 1, last: true, length: 0 }, false)), true)
    const long = frame({ op: 2, last: true, length: 200 }, false)
    assert.equal(reader.read(long.subarray(0, 100)), true)
    assert.equal(reader.between, false)
    assert.equal(
      reader.read(Buffer.concat([long.subarray(100), frame({ op: 10, last: true, length: 0 }, false)])),
      true,
    )
    assert.equal(reader.between, true)
  })
})

type Frame = { readonly op: number; readonly last: boolean; readonly length: number }

const judge = (parts: readonly Buffer[], masked: boolean, mostOfMessage = 1_000_000): string => {
  const reader = new FrameReader({ masked, mostOfMessage })
  try {
    for (const part of parts) reader.read(part)
    return 'fine'
  } catch (thrown) {
    assert.ok(thrown instanceof FrameError)
    return String(thrown.farewell.code)
  }
}

const frame = ({ op, last, length }: Frame, masked: boolean): Buffer => {
  const mask = masked ? 0x80 : 0
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = (last ? 0x80 : 0) | op
  head[1] = mask | (length < 126 ? length : length < 65_536 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0, 7), Buffer.alloc(length, 0x88)])
}

const pieces = (bytes: Buffer, cuts: readonly number[]): readonly Buffer[] => {
  const places = [...new Set(cuts.map((cut) => (bytes.length === 0 ? 0 : cut % bytes.length)))].toSorted(
    (a, b) => a - b,
  )
  return [...places, bytes.length].map((end, at) => bytes.subarray(places[at - 1] ?? 0, end))
}

/** Whole messages, in one frame or several, with control frames between. */
const aMessage = fc
  .tuple(
    fc.constantFrom(1, 2),
    fc.array(fc.constantFrom(0, 1, 125, 126, 65_535, 65_536), { minLength: 1, maxLength: 3 }),
  )
  .map(([op, lengths]): Frame[] =>
    lengths.map((length, at) => ({ op: at === 0 ? op : 0, last: at === lengths.length - 1, length })),
  )
const aControl = fc
  .tuple(fc.constantFrom(8, 9, 10), fc.nat(125))
  .map(([op, length]): Frame[] => [{ op, last: true, length }])
const someFrames = fc.array(fc.oneof(aMessage, aControl), { maxLength: 3 }).map((all) => all.flat())

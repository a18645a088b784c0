/** Frames as a server writes them, by hand: none of this is the client's code. */

export const types = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export type FrameType = keyof typeof types

type FrameOptions = { readonly flags?: number; readonly id?: number; readonly payload?: Buffer }

export const endStream = 0x1
export const ack = 0x1
export const endHeaders = 0x4
export const padded = 0x8
export const priority = 0x20

export const frame = (
  type: FrameType | number,
  { flags = 0, id = 0, payload = Buffer.alloc(0) }: FrameOptions = {},
): Buffer => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = typeof type === 'number' ? type : types[type]
  head[4] = flags
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

export const uint32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index)
  return bytes
}

export const settings = (...pairs: readonly (readonly [id: number, value: number])[]): Buffer =>
  frame('settings', {
    payload: Buffer.concat(
      pairs.map(([id, value]) => {
        const bytes = Buffer.alloc(6)
        bytes.writeUInt16BE(id)
        bytes.writeUInt32BE(value, 2)
        return bytes
      }),
    ),
  })

/** A header block of literals, none of them kept in the table. */
export const block = (fields: readonly (readonly [name: string, value: string])[]): Buffer =>
  Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))

const text = (written: string): Buffer => {
  const bytes = Buffer.from(written, 'latin1')
  return Buffer.concat([length(bytes.length), bytes])
}

const length = (value: number): Buffer => {
  if (value < 127) return Buffer.from([value])
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

export const ok = block([[':status', '200']])

/** Payload behind its padding's length and before its padding. */
export const withPadding = (payload: Buffer, bytes: number): Buffer =>
  Buffer.concat([Buffer.from([bytes]), payload, Buffer.alloc(bytes)])

export type PeerFrame = {
  readonly type: FrameType
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

/** The frames that bytes hold, and the rest. */
export const framesIn = (bytes: Buffer): { readonly frames: readonly PeerFrame[]; readonly rest: Buffer } => {
  const frames: PeerFrame[] = []
  let at = 0
  while (bytes.length - at >= 9 && bytes.length - at >= 9 + bytes.readUIntBE(at, 3)) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    frames.push({
      type: Object.keys(types)[bytes[at + 3] as number] as FrameType,
      flags: bytes[at + 4] as number,
      id: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    })
    at = end
  }
  return { frames, rest: bytes.subarray(at) }
}

/** So many frames of 16 KiB. */
export const dataFrames = (id: number, count: number): readonly Buffer[] =>
  Array.from({ length: count }, () => frame('data', { id, payload: Buffer.alloc(16_384) }))

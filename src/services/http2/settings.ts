import { ConnectionError, errorCode, protocolError } from './error.ts'
import { usualPayloadBytes } from './frame.ts'

/** Identifiers of settings (RFC 9113 §6.5.2). */
export const setting = {
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const

/** The largest flow-control window there may be (RFC 9113 §6.9.1). */
export const mostWindowBytes = 0x7fff_ffff

/** What both ends have for a window until settings say otherwise (RFC 9113 §6.9.2). */
export const usualWindowBytes = 65_535

/** What the peer asks of us. */
export type PeerSettings = {
  readonly maxStreams: number
  /** What a new stream of ours may send before the peer asks for more. */
  readonly windowBytes: number
  readonly maxPayloadBytes: number
}

/** RFC 9113 §6.5.2, before any have come. */
export const usualSettings: PeerSettings = {
  maxStreams: Number.POSITIVE_INFINITY,
  windowBytes: usualWindowBytes,
  maxPayloadBytes: usualPayloadBytes,
}

const settingBytes = 6

/** The settings of before with those of a frame's payload. Throws ConnectionError. */
export const readSettings = (
  before: PeerSettings,
  { bytes, start, end }: { readonly bytes: Buffer; readonly start: number; readonly end: number },
): PeerSettings => {
  if ((end - start) % settingBytes !== 0) throw new ConnectionError(errorCode.frameSizeError, 'Half a setting.')
  let { maxStreams, windowBytes, maxPayloadBytes } = before
  for (let at = start; at < end; at += settingBytes) {
    const value = bytes.readUInt32BE(at + 2)
    switch (bytes.readUInt16BE(at)) {
      case setting.enablePush:
        if (value !== 0) throw protocolError('A server does not set ENABLE_PUSH.')
        break
      case setting.maxConcurrentStreams:
        maxStreams = value
        break
      case setting.initialWindowSize:
        if (value > mostWindowBytes) throw new ConnectionError(errorCode.flowControlError, 'A window is too large.')
        windowBytes = value
        break
      case setting.maxFrameSize:
        if (value < usualPayloadBytes || value > 0xff_ffff) throw protocolError('MAX_FRAME_SIZE is out of bounds.')
        maxPayloadBytes = value
        break
      // HEADER_TABLE_SIZE: we keep nothing in the peer's table. What is not known is passed over.
    }
  }
  return { maxStreams, windowBytes, maxPayloadBytes }
}

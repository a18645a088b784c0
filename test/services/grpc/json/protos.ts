import protobuf, { type Root } from 'protobufjs'
import type { Json } from '../../../../src/kernel/json.ts'
import { parseRequestJson } from '../../../../src/kernel/json-request.ts'
import { type MessageCodec, messageCodec } from '../../../../src/services/grpc/json/codec.ts'
import { defaultStyle, type JsonStyle } from '../../../../src/services/grpc/json/style.ts'

/** The definitions of a proto's text and of what it imports of `google/protobuf`, read the way a workspace's are. */
export const rootOf = (text: string): Root => {
  const root = new protobuf.Root()
  const { imports } = protobuf.parse(text, root, { keepCase: false })
  for (const name of imports ?? []) root.addJSON(protobuf.common.get(name)?.nested ?? {})
  root.resolveAll()
  return root
}

/** The codec of message `M`, whose answers have only what was sent. */
export const codecOf = (root: Root, style: Partial<JsonStyle> = {}, name = 'M'): MessageCodec =>
  messageCodec(root.lookupType(name), { ...defaultStyle, defaults: 'omit', ...style })

/** What comes back of a request's JSON text. */
export const thereAndBack = ({ encode, decodeText }: MessageCodec, text: string): string =>
  decodeText(encode(parseRequestJson(text)))

/** Bytes in hexadecimal, with blanks wherever they help. */
export const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

/** An integer as the wire has it, in hexadecimal. */
export const varint = (value: bigint): string => {
  const rest = BigInt.asUintN(64, value)
  if (rest < 0x80n) return rest.toString(16).padStart(2, '0')
  return (0x80n | (rest & 0x7fn)).toString(16) + varint(rest >> 7n)
}

export const jsonOf = (text: string): Json => parseRequestJson(text)

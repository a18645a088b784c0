import { isUtf8 } from 'node:buffer'
import { LRUCache } from 'lru-cache'
import { frozen } from '../../kernel/frozen.ts'
import { type Json, parseExactIntegers, parseLossless } from '../../kernel/json.ts'
import type { RestInput } from './request.ts'

/** Reads the JSON body of an answer to a path: UTF-8, as RFC 8259 §8.1 has it. Throws SyntaxError. */
export type BodyReader = (path: string, bytes: Buffer, exact: RestInput['exact']) => Json

/**
 * One of 52 bytes takes 0.7 µs to parse and 0.1 to know again, and an answer that it is part of can be known again with
 * it. What is shorter is not worth its entry, what is longer not its memory.
 */
const leastBytes = 32
const mostBytes = 262_144

/** All that one service's reader remembers, with what an entry takes by itself. */
const rememberedBytes = 8_388_608
const entryBytes = 256

/**
 * A body that comes again saves its parsing, one that does not costs as much again. So bodies are remembered as long
 * as one in five comes again; where fewer do, one in sixteen is, to see whether that changes.
 */
const hitWorth = 4
const mostCredit = 1_024
const sampled = 16

type Remembered = { readonly bytes: Buffer; readonly exact: RestInput['exact']; output: Json | undefined }

/**
 * A reader that knows the last body of each path again, byte for byte, and then need not parse it: lists and
 * products that many callers see. What is given out more than once is frozen, so that nobody can change
 * what another sees; a body that comes once is parsed and forgotten but for its bytes.
 */
export const createBodyReader = (): BodyReader => {
  const remembered = new LRUCache<string, Remembered>({
    maxSize: rememberedBytes,
    sizeCalculation: ({ bytes }, path) => bytes.length + path.length + entryBytes,
  })
  let credit = mostCredit
  let misses = 0
  return (path, bytes, exact) => {
    if (bytes.length < leastBytes || bytes.length > mostBytes) return parse(bytes, exact)
    const last = remembered.get(path)
    if (last !== undefined && last.exact === exact && last.bytes.equals(bytes)) {
      credit = Math.min(credit + hitWorth, mostCredit)
      return (last.output ??= frozen(parse(bytes, exact)))
    }
    const output = parse(bytes, exact)
    misses += 1
    if (credit > 0) credit -= 1
    if (credit > 0 || misses % sampled === 0)
      remembered.set(path, { bytes: Buffer.from(bytes), exact, output: undefined })
    return output
  }
}

const parse = (bytes: Buffer, exact: RestInput['exact']): Json => {
  // Decoding would put U+FFFD in place of what it cannot read, and pass that on as data.
  if (!isUtf8(bytes)) throw new SyntaxError('The bytes are not UTF-8.')
  const decoded = bytes.toString()
  const text = decoded.charCodeAt(0) === 0xfeff ? decoded.slice(1) : decoded
  return exact === 'all' ? parseLossless(text) : parseExactIntegers(text)
}

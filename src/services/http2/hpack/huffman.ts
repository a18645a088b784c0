import { compressionError } from '../error.ts'

/**
 * How many bits the code of each byte has (RFC 7541 Appendix B); the last is EOS, which nobody may send. The code is
 * canonical: codes of one length count up in the order of bytes, so that their lengths say all.
 */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
]
const endOfString = 256

/** The code as a binary tree: two children for each inner node; below zero stands `-1 - byte`. */
const tree = ((): Int16Array => {
  const nodes = new Int16Array(2 * endOfString)
  let made = 1
  let code = 0
  for (let length = 1; length <= 30; length += 1) {
    code *= 2
    for (const [symbol, one] of codeLengths.entries()) {
      if (one !== length) continue
      let node = 0
      for (let bit = length - 1; bit > 0; bit -= 1) {
        const branch = 2 * node + ((code >>> bit) & 1)
        if (nodes[branch] === 0) nodes[branch] = made++
        node = nodes[branch] as number
      }
      nodes[2 * node + (code & 1)] = -1 - symbol
      code += 1
    }
  }
  return nodes
})()

/** The text of a string literal in Huffman code (RFC 7541 §5.2), byte for character. Throws ConnectionError. */
export const huffmanText = (bytes: Buffer, start: number, end: number): string => {
  // No code has fewer than five bits.
  const text = Buffer.allocUnsafe(Math.floor(((end - start) * 8) / 5))
  let length = 0
  let node = 0
  /** How many bits the unfinished code has so far, and whether all are ones, as those of padding are. */
  let bits = 0
  let ones = true
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number
    for (let shift = 7; shift >= 0; shift -= 1) {
      const bit = (byte >>> shift) & 1
      const next = tree[2 * node + bit] as number
      if (next < 0) {
        const symbol = -1 - next
        if (symbol === endOfString) throw compressionError('A string holds EOS.')
        text[length] = symbol
        length += 1
        node = 0
        bits = 0
        ones = true
      } else {
        node = next
        bits += 1
        ones &&= bit === 1
      }
    }
  }
  if (bits > 7 || !ones) throw compressionError('A string is padded wrongly.')
  return text.toString('latin1', 0, length)
}

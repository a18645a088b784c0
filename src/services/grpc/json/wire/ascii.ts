/** ASCII that stands in JSON text as it is: one byte, one character, nothing escaped. */
const plain = new Uint8Array(256).fill(1, 0x20, 0x7f)
plain[0x22] = 0
plain[0x5c] = 0

export const isPlain = (bytes: Buffer, start: number, end: number): boolean => {
  for (let at = start; at < end; at += 1) if (plain[bytes[at] as number] === 0) return false
  return true
}

/** Below this many characters a call out of JavaScript costs more than the text. */
export const shortLength = 33

export const shortText = (bytes: Buffer, start: number, end: number): string => {
  const { fromCharCode } = String
  const at = (index: number): number => bytes[index] as number
  let text = ''
  let i = start
  for (; i + 8 <= end; i += 8)
    text += fromCharCode(at(i), at(i + 1), at(i + 2), at(i + 3), at(i + 4), at(i + 5), at(i + 6), at(i + 7))
  if (i + 4 <= end) {
    text += fromCharCode(at(i), at(i + 1), at(i + 2), at(i + 3))
    i += 4
  }
  for (; i < end; i += 1) text += fromCharCode(at(i))
  return text
}

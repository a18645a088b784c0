/**
 * 32 bits of a text, the same in every process and version: FNV-1a over its UTF-16 code units, then the finalizer of
 * MurmurHash3, without which texts that differ at their end only lie side by side. Not for secrets.
 */
export const stableHash = (text: string): number => {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

import { Mistake } from '../mistake.ts'
import type { WireWriter } from '../wire/writer.ts'
import { scalarWriter } from './value.ts'

/** One way to write each integer, so that no two keys of an object are the same key. */
const integer = /^(?:0|-?[1-9]\d*)$/

/** Writes an object's key as a map's. Throws Mistake for one that is not of the map's key type. */
export const mapKeyWriter = (keyType: string): ((out: WireWriter, key: string) => void) => {
  const write = scalarWriter(keyType)
  if (keyType === 'string') return write
  if (keyType === 'bool')
    return (out, key) => {
      if (key !== 'true' && key !== 'false') throw new Mistake('expected the key to be true or false')
      write(out, key === 'true')
    }
  return (out, key) => {
    if (!integer.test(key)) throw new Mistake('expected the key to be an integer')
    write(out, key)
  }
}

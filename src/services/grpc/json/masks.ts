import { Unreadable } from './wire/reader.ts'

/** Paths as a mask's JSON: `unitsSold,price.currencyCode`. Throws Unreadable for one that would not come back the same. */
export const maskText = (paths: readonly string[]): string =>
  paths
    .map((path) => {
      if (/[A-Z]|_(?![a-z])/.test(path)) throw new Unreadable('a google.protobuf.FieldMask that JSON cannot hold')
      return path.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    })
    .join(',')

/** The paths of a mask's JSON, or undefined where it is none. */
export const maskPaths = (text: string): readonly string[] | undefined => {
  if (text === '') return []
  const paths = text.split(',')
  if (text.includes('_') || paths.includes('')) return undefined
  return paths.map((path) => path.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
}

import type { Enum, OneOf } from 'protobufjs'
import { remarks } from './comments.ts'
import type { Member } from './print.ts'
import { untaken, upperSnake } from './words.ts'

/**
 * The values of an enum without the prefix they share, since proto3 wants it and GraphQL does not. A zero value
 * that is called unspecified says nothing: it is left out, and null in answers.
 */
export const enumMembers = ({ name: enumName, values, comments, valuesOptions }: Enum): readonly Member[] => {
  const byNumber = Map.groupBy(Object.keys(values), (name) => values[name])
  const groups = [...byNumber].flatMap(([number, names]) =>
    number === 0 && byNumber.size > 1 && names.every((name) => /(?:^|_)UNSPECIFIED$/.test(name)) ? [] : [names],
  )
  const short = shortener(Object.keys(values), enumName)
  const taken = new Set(['true', 'false', 'null'])
  return groups.map((names): Member => {
    const [first = ''] = names
    const name = untaken(short(first), taken)
    const options = valuesOptions?.[first] as { readonly deprecated?: unknown } | undefined
    const { description, directives } = remarks(comments[first], options?.deprecated === true)
    const from = names.length === 1 && first === name ? [] : [`@from(enum: ${JSON.stringify(names)})`]
    return { name, ...(description === undefined ? {} : { description }), directives: [...from, ...directives] }
  })
}

/** Takes the shared prefix off: the enum's name, else what all begin with. Off none where one could not stand so. */
const shortener = (names: readonly string[], enumName: string): ((name: string) => string) => {
  const own = `${upperSnake(enumName)}_`
  const prefix = names.every((name) => name.startsWith(own)) ? own : commonPrefix(names)
  const stripped = new Set(names.map((name) => name.slice(prefix.length)))
  const sound = stripped.size === names.length && [...stripped].every((name) => /^(?!__)[A-Za-z_]/.test(name))
  return (name) => {
    const short = sound ? name.slice(prefix.length) : name
    return short.startsWith('__') ? `X${short}` : short
  }
}

/** What at least two names begin with, up to an underscore. */
const commonPrefix = ([first = '', ...others]: readonly string[]): string => {
  if (others.length === 0) return ''
  let length = first.length
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length -= 1
  return first.slice(0, first.slice(0, length).lastIndexOf('_') + 1)
}

/** The names of a oneof's cases, as values of an enum. */
export const caseMembers = ({ fieldsArray }: OneOf): readonly Member[] => {
  const taken = new Set<string>()
  return fieldsArray.map((field) => {
    const { protoName, jsonName } = field.resolve()
    const name = untaken(protoName.toUpperCase().replace(/^__/, 'X__'), taken)
    return { name, directives: name === jsonName ? [] : [`@from(enum: [${JSON.stringify(jsonName)}])`] }
  })
}

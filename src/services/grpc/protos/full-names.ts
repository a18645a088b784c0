import protobuf, { type ReflectionObject, type Root } from 'protobufjs'
import { nameInFile } from './places.ts'

/** Everything a root defines, fields and methods included. */
export const definitionsOf = (root: Root): readonly ReflectionObject[] => {
  const found: ReflectionObject[] = []
  const walk = (object: ReflectionObject): void => {
    found.push(object)
    if (object instanceof protobuf.Type) found.push(...object.fieldsArray, ...object.oneofsArray)
    if (object instanceof protobuf.Service) found.push(...object.methodsArray)
    if (object instanceof protobuf.Namespace) object.nestedArray.forEach(walk)
  }
  walk(root)
  return found
}

/** protobufjs names the field of a group like its message; the language says lower case. Before the root is resolved. */
export const nameGroups = (definitions: readonly ReflectionObject[]): void => {
  for (const type of definitions) {
    if (!(type instanceof protobuf.Type)) continue
    for (const field of type.fieldsArray) {
      const group: (ReflectionObject & { readonly group?: boolean }) | null = type.get(field.type)
      if (group?.group === true && field.name === protobuf.util.lcFirst(field.type))
        (field as { protoName?: string }).protoName = field.type.toLowerCase()
    }
  }
}

/**
 * Texts may name the options of others in short, as seen from where they stand: `(api.http)` within `google`. This gives
 * every one its full name, as descriptor sets do.
 */
export const nameOptions = (definitions: readonly ReflectionObject[]): void => {
  const extensions = new Set(
    definitions
      .filter((object) => object instanceof protobuf.Field && object.extend !== undefined)
      .map((object) => nameInFile(object)),
  )
  for (const object of definitions)
    if (object.parsedOptions)
      object.parsedOptions = object.parsedOptions.map((options) => named(options, { object, extensions }))
}

type Options = Record<string, unknown>
type Scope = { readonly object: ReflectionObject; readonly extensions: ReadonlySet<string> }

const named = (options: Options, scope: Scope): Options => {
  const [key = ''] = Object.keys(options)
  const written = /^\((\.?[\w.]+)\)$/.exec(key)?.[1]
  if (written === undefined) return options
  const full = `(${fullNameOf(written, scope)})`
  return full === key ? options : { [full]: options[key] }
}

/** From the innermost scope outwards, as types are looked up. */
const fullNameOf = (written: string, { object, extensions }: Scope): string => {
  if (written.startsWith('.')) return written.slice(1)
  if (extensions.has(written)) return written
  for (let { parent } = object; parent !== null; { parent } = parent) {
    const candidate = `${parent.fullName.slice(1)}.${written}`
    if (extensions.has(candidate)) return candidate
  }
  return written
}

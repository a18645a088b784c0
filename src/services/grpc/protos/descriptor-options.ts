import protobuf, { type Field, type Message, type ReflectionObject, type Root, type Type } from 'protobufjs'
import { type OptionsKind, standardOptions } from './descriptor-schema.ts'
import { protoNameOf } from './places.ts'

/** Options by the names they have in texts: `deprecated`, `(google.api.http)`. */
type Options = Record<string, unknown>

/**
 * What the language itself defines: `deprecated`, `packed`, `features`, `idempotency_level`. Nothing where the bytes are
 * malformed: `customOptions` says so.
 */
export const languageOptions = (bytes: Uint8Array, kind: OptionsKind): Options => {
  if (bytes.length === 0) return {}
  const type = standardOptions(kind)
  try {
    return optionsIn(type, type.decode(bytes))
  } catch {
    return {}
  }
}

/**
 * What others have defined, as far as the root knows them: `(google.api.http)`. The root must be resolved. Throws for
 * malformed bytes.
 */
export const customOptions = (bytes: Uint8Array, kind: OptionsKind, root: Root): Options => {
  if (bytes.length === 0) return {}
  const known = root.lookup(['', 'google', 'protobuf', kind], protobuf.Type) as Type | null
  const type = known ?? standardOptions(kind)
  const options = optionsIn(type, type.decode(bytes))
  return Object.fromEntries(Object.entries(options).filter(([name]) => name.startsWith('(')))
}

/** Gives an element its options in the form in which they come out of texts: of a repeated option, one for each value. */
export const addOptions = (object: ReflectionObject, options: Readonly<Options>): void => {
  for (const [name, value] of Object.entries(options))
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value])
      (object.parsedOptions ??= []).push({ [name]: one })
}

/** In one line each, as options of enum values come out of texts: `(a.v1.option).name`. */
export const flatOptions = (options: Readonly<Options>, prefix = ''): Options =>
  Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && name !== 'features'
        ? Object.entries(flatOptions(value as Options, `${prefix}${name}.`))
        : [[`${prefix}${name}`, value]],
    ),
  )

const isExtension = ({ declaringField }: Field): boolean => declaringField !== null

const optionsIn = (type: Type, message: Message): Options => {
  const options: Options = {}
  for (const field of type.fieldsArray)
    if (isThere(message, field))
      options[isExtension(field) ? `(${extensionName(field)})` : protoNameOf(field)] = valueOf(
        field,
        memberOf(message, field),
      )
  return options
}

/** A message in a text's words: names of the proto, enum values by name. */
const aggregateOf = (type: Type, message: Message): Options =>
  Object.fromEntries(
    type.fieldsArray
      .filter((field) => isThere(message, field))
      .map((field) => [
        isExtension(field) ? `[${extensionName(field)}]` : protoNameOf(field),
        valueOf(field, memberOf(message, field)),
      ]),
  )

/** Decoded messages have empty lists where nothing was sent. */
const isThere = (message: Message, field: Field): boolean => {
  const value = memberOf(message, field)
  return Object.hasOwn(message, field.name) && !(Array.isArray(value) && value.length === 0)
}

const memberOf = (message: Message, { name }: Field): unknown => (message as unknown as Options)[name]

/** Of the copy of an extension that is in the message: the full name of the original. */
const extensionName = ({ declaringField }: Field): string => {
  const owner = declaringField?.parent?.fullName.slice(1) ?? ''
  const own = declaringField === null ? '' : protoNameOf(declaringField)
  return owner === '' ? own : `${owner}.${own}`
}

const valueOf = (field: Field, value: unknown): unknown => {
  if (field.map) return Object.entries(value as object).map(([key, one]) => ({ key, value: singleOf(field, one) }))
  return Array.isArray(value) ? value.map((one) => singleOf(field, one)) : singleOf(field, value)
}

const singleOf = (field: Field, value: unknown): unknown => {
  const { resolvedType } = field
  if (resolvedType instanceof protobuf.Type) return aggregateOf(resolvedType, value as Message)
  if (resolvedType instanceof protobuf.Enum) return resolvedType.valuesById[value as number] ?? value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  return typeof value === 'object' ? Number(value) : value // a Long, which texts round to a double too
}

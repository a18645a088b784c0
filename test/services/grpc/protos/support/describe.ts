import protobuf, { type Field, type ReflectionObject, type Root } from 'protobufjs'
import {
  commentOf,
  fieldBehaviors,
  httpRules,
  idempotencyOf,
  isDeprecated,
} from '../../../../../src/services/grpc/protos/annotations.ts'

type Entry = Readonly<Record<string, unknown>>

/**
 * Everything that others of our code may ask of a root, by full name, for comparing roots that were made in different
 * ways. `within` are the packages that count.
 */
export const describeRoot = (root: Root, within: readonly string[]): Readonly<Record<string, Entry>> => {
  const entries: Record<string, Entry> = {}
  const visit = (object: ReflectionObject): void => {
    const full = object.fullName.slice(1)
    if (within.some((name) => full.startsWith(`${name}.`))) {
      const entry = entryOf(object)
      if (entry !== undefined) entries[full] = entry
    }
    if (object instanceof protobuf.Namespace) object.nestedArray.forEach(visit)
  }
  visit(root)
  return entries
}

const common = (object: ReflectionObject): Entry => ({
  comment: commentOf(object),
  deprecated: isDeprecated(object),
  file: object.filename,
})

const entryOf = (object: ReflectionObject): Entry | undefined => {
  if (object instanceof protobuf.Type) {
    return {
      ...common(object),
      fields: object.fieldsArray.map((field) => fieldEntry(field)),
      oneofs: object.oneofsArray.map(({ name, oneof, isProto3Optional }) => ({ name, oneof, isProto3Optional })),
    }
  }
  if (object instanceof protobuf.Enum) {
    const { values, comments, valuesOptions } = object
    return {
      ...common(object),
      features: featuresOf(object),
      values: Object.entries(values).map(([name, number]) => ({
        name,
        number,
        comment: comments[name] ?? undefined,
        options: valuesOptions?.[name],
      })),
    }
  }
  if (object instanceof protobuf.Service)
    return {
      ...common(object),
      methods: object.methodsArray.map((method) => ({
        ...common(method),
        name: method.name,
        rules: httpRules(method),
        idempotency: idempotencyOf(method),
        request: method.resolvedRequestType?.fullName,
        response: method.resolvedResponseType?.fullName,
        streams: [method.requestStream === true, method.responseStream === true],
      })),
    }
  return object instanceof protobuf.Field
    ? { ...common(object), ...fieldEntry(object), extends: object.extensionField?.parent?.fullName }
    : undefined
}

const fieldEntry = (field: Field): Entry => {
  const { name, id, type, resolvedType, repeated, required, packed, delimited, hasPresence, defaultValue, partOf } =
    field
  const names = field as { readonly protoName?: string; readonly jsonName?: string }
  return {
    comment: commentOf(field),
    deprecated: isDeprecated(field),
    name,
    protoName: names.protoName,
    jsonName: names.jsonName,
    id,
    type: resolvedType?.fullName ?? type,
    key: (field as { readonly keyType?: string }).keyType,
    // Of a field in a oneof, protobufjs has the oneof here.
    // oxlint-disable-next-line typescript/no-unnecessary-type-conversion
    label: { repeated, required, delimited, hasPresence: Boolean(hasPresence), packed: repeated && packed },
    defaultValue: defaultValue === null ? null : String(defaultValue),
    oneof: partOf?.name,
    behaviors: fieldBehaviors(field),
  }
}

/** protobufjs resolves features, and has no public property for them. */
const featuresOf = (object: ReflectionObject): unknown => (object as unknown as { _features: unknown })._features

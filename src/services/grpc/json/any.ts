import protobuf, { type Root, type Type } from 'protobufjs'

/** Types of google.protobuf whose JSON is not an object of their fields. */
const wellKnown = new Set([
  'Timestamp',
  'Duration',
  'FieldMask',
  'Struct',
  'Value',
  'ListValue',
  'Any',
  ...['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map((name) => `${name}Value`),
])

/** Whether a message has a JSON form of its own, which stands under `value` where it lies in an Any. */
export const isWrapped = ({ fullName, name }: Type): boolean =>
  wellKnown.has(name) && fullName === `.google.protobuf.${name}`

/**
 * The type that an Any names, such as `type.googleapis.com/shop.v1.Product`: what comes before the last slash is
 * not looked at. Undefined where it is no such name, or not defined. The names come from outside, so protobufjs'
 * own lookup, which remembers every name it was asked for, is not used.
 */
export const anyType = (root: Root, url: string): Type | undefined => {
  const slash = url.lastIndexOf('/')
  if (slash < 0) return undefined
  let found: unknown = root
  for (const part of url.slice(slash + 1).split('.')) {
    if (!(found instanceof protobuf.Namespace) || found.nested === undefined || !Object.hasOwn(found.nested, part))
      return undefined
    found = found.nested[part]
  }
  return found instanceof protobuf.Type ? found : undefined
}

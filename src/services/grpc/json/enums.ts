import type { Enum } from 'protobufjs'

/** An enum's values as JSON has them. */
export type EnumNames = {
  /** The name of each number: of several, the first in the file. */
  readonly byNumber: ReadonlyMap<number, string>
  /** Every name that is accepted: a value's own, and one that its options give it for JSON. */
  readonly byName: ReadonlyMap<string, number>
  /** Whether other numbers are no values of it (proto2, and `enum_type = CLOSED`). */
  readonly closed: boolean
}

export const enumNames = (type: Enum): EnumNames => {
  const { values, valuesOptions } = type
  const byNumber = new Map<number, string>()
  const byName = new Map<string, number>()
  for (const [name, number] of Object.entries(values)) {
    const jsonName = jsonNameIn(valuesOptions?.[name])
    byName.set(name, number)
    if (!byNumber.has(number)) byNumber.set(number, jsonName ?? name)
  }
  for (const [name, number] of Object.entries(values)) {
    const jsonName = jsonNameIn(valuesOptions?.[name])
    if (jsonName !== undefined && !byName.has(jsonName)) byName.set(jsonName, number)
  }
  // protobufjs resolves features, and has no public property that says this one.
  const { _features } = type as unknown as { readonly _features?: { readonly enum_type?: string } }
  return { byNumber, byName, closed: _features?.enum_type === 'CLOSED' }
}

/** A name for JSON alone (google/protobuf/json_options.proto). */
const jsonNameIn = (options: Readonly<Record<string, unknown>> | undefined): string | undefined => {
  const name = options?.['(pb.enumvalue.json).string']
  return typeof name === 'string' ? name : undefined
}

export const isNullValue = ({ fullName }: Enum): boolean => fullName === '.google.protobuf.NullValue'

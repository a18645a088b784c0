import type { Field, Type } from 'protobufjs'

/** A field by its JSON name or its proto name, as ProtoJSON accepts both. */
export const fieldOf = (type: Type, name: string): Field | undefined =>
  ownFields(type).find((field) => field.jsonName === name || field.protoName === name)

/** The JSON names of a message's fields, in the order of the file. */
export const jsonNames = (type: Type): readonly string[] => ownFields(type).map(({ jsonName }) => jsonName)

const ownFields = (type: Type): readonly Field[] =>
  type.fieldsArray.map((field) => field.resolve()).filter((field) => !field.name.startsWith('.'))

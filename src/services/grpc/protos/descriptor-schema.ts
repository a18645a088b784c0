import { createRequire } from 'node:module'
import protobuf, { type INamespace, type Type } from 'protobufjs'

/** google/protobuf/descriptor.proto as far as it is read here. Fields that were not set have their defaults. */

type Named = { readonly name: string; readonly options: Uint8Array }

export type FieldDescriptor = Named & {
  readonly extendee: string
  readonly number: number
  readonly label: number
  readonly type: number
  readonly typeName: string
  readonly defaultValue: string
  readonly oneofIndex: number
  readonly jsonName: string
  readonly proto3Optional: boolean
}

type Range = { readonly start: number; readonly end: number }

export type EnumDescriptor = Named & {
  readonly value: readonly (Named & { readonly number: number })[]
  readonly reservedRange: readonly Range[]
  readonly reservedName: readonly string[]
}

export type MessageDescriptor = Named & {
  readonly field: readonly FieldDescriptor[]
  readonly extension: readonly FieldDescriptor[]
  readonly nestedType: readonly MessageDescriptor[]
  readonly enumType: readonly EnumDescriptor[]
  readonly extensionRange: readonly Range[]
  readonly oneofDecl: readonly Named[]
  readonly reservedRange: readonly Range[]
  readonly reservedName: readonly string[]
}

export type MethodDescriptor = Named & {
  readonly inputType: string
  readonly outputType: string
  readonly clientStreaming: boolean
  readonly serverStreaming: boolean
}

export type ServiceDescriptor = Named & { readonly method: readonly MethodDescriptor[] }

export type SourceLocation = {
  readonly path: readonly number[]
  readonly span: readonly number[]
  readonly leadingComments: string
  readonly trailingComments: string
}

export type FileDescriptor = Named & {
  readonly package: string
  readonly dependency: readonly string[]
  readonly weakDependency: readonly number[]
  readonly messageType: readonly MessageDescriptor[]
  readonly enumType: readonly EnumDescriptor[]
  readonly service: readonly ServiceDescriptor[]
  readonly extension: readonly FieldDescriptor[]
  /** Encoded: it is larger than all the rest, and needed of one file at a time. */
  readonly sourceCodeInfo: Uint8Array
  readonly syntax: string
  readonly edition: number
}

/** The numbers of fields in descriptor.proto, which paths of source_code_info are made of. */
export const fieldNumbers = {
  file: { messages: 4, enums: 5, services: 6, extensions: 7 },
  message: { fields: 2, messages: 3, enums: 4, extensions: 6, oneofs: 8 },
  enum: { values: 2 },
  service: { methods: 2 },
  /** Of everything: its name. */
  name: 1,
} as const

type Json = { nested: { google: { nested: { protobuf: INamespace } } } }
type JsonMessage = { fields: Record<string, { id: number; type: string }> }

const load = createRequire(import.meta.url)

const schema = (): Json => structuredClone(load('protobufjs/google/protobuf/descriptor.json') as Json)

/**
 * The same with some members as bytes: of options it is known only with all extensions what they mean; source info is
 * large.
 */
const structure = ((): protobuf.Root => {
  const json = schema()
  for (const message of Object.values(json.nested.google.nested.protobuf.nested ?? {})) {
    const { fields } = message as Partial<JsonMessage>
    for (const field of Object.values(fields ?? {}))
      if (/Options$|^SourceCodeInfo$/.test(field.type)) field.type = 'bytes'
  }
  return protobuf.Root.fromJSON(json)
})()

const standard = ((): protobuf.Root => {
  const root = protobuf.Root.fromJSON(schema())
  const { nested } = load('protobufjs/google/protobuf/json_enumvalue_options.json') as { nested: { pb: INamespace } }
  root.addJSON({ pb: nested.pb }).resolveAll()
  return root
})()

const typeIn = (root: protobuf.Root, name: string): Type => root.lookupType(`google.protobuf.${name}`)

/** Throws for bytes that are no FileDescriptorSet. */
export const decodeFileSet = (bytes: Uint8Array): readonly FileDescriptor[] =>
  (typeIn(structure, 'FileDescriptorSet').decode(bytes) as unknown as { readonly file: readonly FileDescriptor[] }).file

/** What a file keeps of its text; nothing where that is malformed. */
export const locationsOf = ({ sourceCodeInfo }: FileDescriptor): readonly SourceLocation[] => {
  try {
    const { location } = typeIn(structure, 'SourceCodeInfo').decode(sourceCodeInfo) as unknown as {
      readonly location: readonly SourceLocation[]
    }
    return location
  } catch {
    return []
  }
}

/** Throws for bytes that are no FileDescriptorProto. */
export const decodeFile = (bytes: Uint8Array): FileDescriptor =>
  typeIn(structure, 'FileDescriptorProto').decode(bytes) as unknown as FileDescriptor

/** A FileDescriptorSet of files that are encoded already: their bytes stay as they are. */
export const encodeFileSet = (files: readonly Uint8Array[]): Uint8Array => {
  const writer = protobuf.Writer.create()
  for (const file of files) writer.uint32(fileTag).bytes(file)
  return writer.finish()
}

const fileTag = 0x0a // field 1, length-delimited

/** What may be said of an element: `FieldOptions` and the like. */
export type OptionsKind =
  `${'File' | 'Message' | 'Field' | 'Oneof' | 'Enum' | 'EnumValue' | 'Service' | 'Method'}Options`

/** The type of options as the language defines them, without extensions of others. */
export const standardOptions = (kind: OptionsKind): Type => typeIn(standard, kind)

/** Whether an optional field of a decoded message is there. */
export const isSet = <Message extends object>(message: Message, field: keyof Message): boolean =>
  Object.hasOwn(message, field)

import protobuf, { type Enum, type OneOf, type ReflectionObject, type Service, type Type } from 'protobufjs'
import { type Building, fullNameOf, type Spot } from './building.ts'
import { buildField } from './descriptor-fields.ts'
import { languageOptions } from './descriptor-options.ts'
import {
  type EnumDescriptor,
  type FieldDescriptor,
  fieldNumbers,
  isSet,
  type MessageDescriptor,
  type ServiceDescriptor,
} from './descriptor-schema.ts'
import { isFullName } from './identifiers.ts'

type Within = { readonly building: Building; readonly spot: Spot; readonly group: boolean }

/** A message with all that is in it; undefined where its name cannot be used. */
export const buildMessage = (message: MessageDescriptor, { building, spot, group }: Within): Type | undefined => {
  if (!building.named(spot, message.name)) return undefined
  const type: Type & { group?: boolean } = new protobuf.Type(message.name)
  building.dress(type, { spot, options: message.options, kind: 'MessageOptions' })
  if (group) type.group = true
  const owner = fullNameOf(spot.owner, message.name)
  const at = (number: number, index: number): Spot => ({ owner, path: `${spot.path},${number},${index}` })
  const { fields, messages, enums, extensions } = fieldNumbers.message

  const entries = new Map(message.nestedType.filter(isMapEntry).map((entry) => [`.${owner}.${entry.name}`, entry]))
  const groups = groupNames([...message.field, ...message.extension])
  for (const [index, item] of message.nestedType.entries()) {
    if (isMapEntry(item)) continue
    const inner = { building, spot: at(messages, index), group: groups.has(item.name) }
    addBuilt(buildMessage(item, inner), { to: type, building, spot: inner.spot })
  }
  for (const [index, item] of message.enumType.entries())
    addBuilt(buildEnum(item, building, at(enums, index)), { to: type, building, spot: at(enums, index) })
  for (const [index, item] of message.extension.entries()) {
    const inner = { building, spot: at(extensions, index), entries }
    addBuilt(buildField(item, inner), { to: type, building, spot: inner.spot })
  }
  const oneofOf = oneofsOf(message, { type, building, at })
  for (const [index, item] of message.field.entries()) {
    const inner = { building, spot: at(fields, index), entries }
    const to = isSet(item, 'oneofIndex') ? oneofOf(item) : type
    if (to !== undefined) addBuilt(buildField(item, inner), { to, building, spot: inner.spot })
  }
  type.extensions = message.extensionRange.map(({ start, end }) => [start, end - 1])
  type.reserved = [...message.reservedRange.map(({ start, end }) => [start, end - 1]), ...message.reservedName]
  return type
}

type Home = { readonly to: Type | OneOf; readonly building: Building; readonly spot: Spot }

const addBuilt = (element: ReflectionObject | undefined, { to, building, spot }: Home): void => {
  if (element !== undefined) building.add(to, element, spot)
}

const isMapEntry = ({ options }: MessageDescriptor): boolean =>
  languageOptions(options, 'MessageOptions')['map_entry'] === true

/** Names of the messages that are groups: of those beside fields of this kind. */
export const groupNames = (fields: readonly FieldDescriptor[]): ReadonlySet<string> =>
  new Set(fields.filter(({ type }) => type === typeGroup).map(({ typeName }) => typeName.split('.').at(-1) ?? ''))

const typeGroup = 10

type Oneofs = { readonly type: Type; readonly building: Building; readonly at: (number: number, index: number) => Spot }

/** Makes a oneof when its first field asks for it, so that they come in the order of the text. */
const oneofsOf = ({ oneofDecl }: MessageDescriptor, { type, building, at }: Oneofs) => {
  const made = new Map<number, OneOf | undefined>()
  const make = (index: number, spot: Spot): OneOf | undefined => {
    const declared = oneofDecl[index]
    if (declared === undefined) {
      building.report(spot, '', `One of its fields is in oneof ${index}, which there is not.`)
      return undefined
    }
    if (!building.named(spot, declared.name)) return undefined
    const oneof = new protobuf.OneOf(protobuf.util.camelCase(declared.name))
    building.dress(oneof, { spot, options: declared.options, kind: 'OneofOptions' })
    building.add(type, oneof, spot)
    return oneof
  }
  return ({ oneofIndex }: FieldDescriptor): OneOf | undefined => {
    if (!made.has(oneofIndex)) made.set(oneofIndex, make(oneofIndex, at(fieldNumbers.message.oneofs, oneofIndex)))
    return made.get(oneofIndex)
  }
}

export const buildEnum = (descriptor: EnumDescriptor, building: Building, spot: Spot): Enum | undefined => {
  if (!building.named(spot, descriptor.name)) return undefined
  const type = new protobuf.Enum(descriptor.name)
  building.dress(type, { spot, options: descriptor.options, kind: 'EnumOptions' })
  const owner = fullNameOf(spot.owner, descriptor.name)
  for (const [index, { name, number, options }] of descriptor.value.entries()) {
    const at = { owner, path: `${spot.path},${fieldNumbers.enum.values},${index}` }
    if (!building.named(at, name)) continue
    const comment = building.info.commentAt(at.path) ?? undefined
    try {
      type.add(name, number, comment)
    } catch (thrown) {
      building.report(at, name, `${thrown instanceof Error ? thrown.message : String(thrown)}.`)
      continue
    }
    building.dressValue(type, { spot: at, name, options })
  }
  type.reserved = [...descriptor.reservedRange.map(({ start, end }) => [start, end]), ...descriptor.reservedName]
  return type
}

export const buildService = (descriptor: ServiceDescriptor, building: Building, spot: Spot): Service | undefined => {
  if (!building.named(spot, descriptor.name)) return undefined
  const service = new protobuf.Service(descriptor.name)
  building.dress(service, { spot, options: descriptor.options, kind: 'ServiceOptions' })
  const owner = fullNameOf(spot.owner, descriptor.name)
  for (const [index, method] of descriptor.method.entries()) {
    const at = { owner, path: `${spot.path},${fieldNumbers.service.methods},${index}` }
    const { name, inputType, outputType, clientStreaming, serverStreaming, options } = method
    if (!building.named(at, name)) continue
    if (!isFullName(inputType) || !isFullName(outputType)) {
      building.report(at, name, 'The name of its request or of its response is none that a message can have.')
      continue
    }
    const element = new protobuf.Method(name, 'rpc', inputType, outputType, clientStreaming, serverStreaming)
    building.dress(element, { spot: at, options, kind: 'MethodOptions' })
    building.add(service, element, at)
  }
  return service
}

import protobuf, { type Enum, type Method, type ReflectionObject, type Root, type Service, type Type } from 'protobufjs'

/** Messages and enums by their full names, as far as methods reach them. */
export type Reached = {
  readonly root: Root
  readonly messages: ReadonlyMap<string, Type>
  readonly enums: ReadonlyMap<string, Enum>
  /** Full names of the messages that requests hold. */
  readonly inRequests: ReadonlySet<string>
}

/** Services that say how a server is, not what it does. */
const ofTheServer = /^\.grpc\./

/** Every service of a root that clients may call, in the order of its files. */
export const servicesOf = (root: Root): readonly Service[] => {
  const collect = (object: ReflectionObject): readonly Service[] => [
    ...(object instanceof protobuf.Service && !ofTheServer.test(object.fullName) ? [object] : []),
    ...(object instanceof protobuf.Namespace ? object.nestedArray.flatMap(collect) : []),
  ]
  return collect(root)
}

/** What the methods of a resolved root take and answer with, at any depth. */
export const reachedTypes = (root: Root): Reached => {
  const messages = new Map<string, Type>()
  const enums = new Map<string, Enum>()
  const visit = (start: Type | null): ReadonlySet<string> => {
    const seen = new Set<string>()
    const open = start === null ? [] : [start]
    for (let type = open.pop(); type !== undefined; type = open.pop()) {
      if (seen.has(type.fullName)) continue
      seen.add(type.fullName)
      messages.set(type.fullName, type)
      for (const { resolvedType } of type.fieldsArray)
        if (resolvedType instanceof protobuf.Enum) enums.set(resolvedType.fullName, resolvedType)
        else if (resolvedType instanceof protobuf.Type) open.push(resolvedType)
    }
    return seen
  }
  const methods = servicesOf(root).flatMap(({ methodsArray }) => methodsArray)
  const inRequests = new Set(methods.flatMap(({ resolvedRequestType }) => [...visit(resolvedRequestType)]))
  for (const { resolvedResponseType } of methods) visit(resolvedResponseType)
  return { root, messages, enums, inRequests }
}

/** A method as clients call it: `shop.catalog.v1.Catalog/GetProduct`. */
export const pathOf = ({ name, parent }: Method): string => `${parent === null ? '' : parent.fullName.slice(1)}/${name}`

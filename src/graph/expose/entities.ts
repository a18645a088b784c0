import protobuf, { type Field } from 'protobufjs'
import { isReadMask } from '../bind/field-mask.ts'
import type { Exposed, ExposedField } from './expose.ts'
import { graphqlName } from './fields.ts'
import { isRequired, shownFields } from './messages.ts'
import type { ExposedMethod } from './methods.ts'
import { keyOf, partsOf } from './parts.ts'
import type { Definition, Member } from './print.ts'
import { upperSnake } from './words.ts'

type Type = protobuf.Type

/** A message that a batch method loads by its key (google.aip.dev/231). */
type Loaded = {
  readonly type: Type
  readonly key: Field
  readonly by: ExposedMethod
  /** The request's list of keys, and the answer's list of messages. */
  readonly keys: Field
  readonly select: Field
}

/**
 * What is exposed, as an author would write it on: messages that have a batch method are entities with a loader,
 * what is got by key is loaded, fields such as `product_id` lead to what they name, pages say how long they may get.
 */
export const withEntities = (exposed: Exposed): Exposed => {
  const methods = exposed.fields.map((field) => field.exposed)
  const entities = methods.map(loadedBy).filter((entity) => entity !== undefined)
  const got = new Map(
    methods.flatMap((method): readonly (readonly [ExposedMethod, Loaded])[] => {
      const entity = entities.find((one) => getsBy(method, one) !== undefined)
      return entity === undefined ? [] : [[method, entity]]
    }),
  )
  const loaders = new Map([...got.values()].map((entity) => [entity.by, entity]))
  const kept = exposed.fields.filter((field) => !loaders.has(field.exposed))
  const parts = new Map(partsOf(kept.map((field) => field.exposed)).map((part) => [keyOf(part), part]))
  const entityNames = new Map(
    entities.map((entity) => [exposed.nameOf({ kind: 'message', type: entity.type, direction: 'out' }), entity]),
  )
  return {
    ...exposed,
    fields: kept.map((field) => asWritten(field, got.get(field.exposed))),
    types: exposed.types.flatMap((definition): readonly Definition[] => {
      const part = parts.get(definition.of)
      if (part === undefined) return []
      if (part.kind !== 'message' || part.direction === 'in') return [definition]
      const linked = withLinks(definition, { type: part.type, entityNames })
      const entity = entities.find(({ type }) => type === part.type)
      return [entity === undefined ? linked : asEntity(linked, { entity, service: exposed.service })]
    }),
    left: [
      ...exposed.left,
      ...[...loaders].map(([{ path }, { type }]) => `${path} has no field of its own: it loads ${type.name}.`),
    ],
  }
}

const only = <T>(values: readonly T[]): T | undefined => (values.length === 1 ? values[0] : undefined)

const messagesIn = (type: Type): readonly Field[] =>
  shownFields(type, 'out').filter(
    ({ repeated, map, resolvedType }) => repeated && !map && resolvedType instanceof protobuf.Type,
  )

const isKey = ({ type, repeated, map, resolvedType }: Field): boolean =>
  !repeated && !map && resolvedType === null && /^(?:string|u?int(?:32|64))$/.test(type)

/** `BatchGetX(ids) returns (repeated X)`, where X has the field that `ids` lists and nothing else is required. */
const loadedBy = (method: ExposedMethod): Loaded | undefined => {
  const { resolvedRequestType: request, resolvedResponseType: answer, name } = method.method
  if (method.kind !== 'query' || !/^BatchGet[A-Z]/.test(name) || request === null || answer === null) return undefined
  const asked = shownFields(request, 'in')
  const keys = only(asked.filter(({ repeated, protoName }) => repeated && /(?:^|_)(?:ids|names)$/.test(protoName)))
  const select = only(messagesIn(answer))
  if (keys === undefined || select === undefined || asked.some((field) => field !== keys && isRequired(field)))
    return undefined
  const type = select.resolvedType as Type
  const singular = keys.protoName.slice(0, -1)
  const bare = singular.replace(/^.*_/, '')
  const fields = shownFields(type, 'out').filter((field) => isKey(field) && field.type === keys.type)
  const key =
    fields.find(({ protoName }) => protoName === singular) ??
    (singular === `${snake(type.name)}_${bare}` ? fields.find(({ protoName }) => protoName === bare) : undefined)
  return key && { type, key, by: method, keys, select }
}

/** The one argument of a method that gets an entity by its key. */
const getsBy = ({ method, kind }: ExposedMethod, { type, key }: Loaded): Field | undefined => {
  const { resolvedRequestType, resolvedResponseType, name } = method
  if (kind !== 'query' || !name.startsWith('Get') || resolvedResponseType !== type || resolvedRequestType === null)
    return undefined
  const asked = only(shownFields(resolvedRequestType, 'in').filter((field) => !isReadMask(field, true)))
  return asked !== undefined && isKey(asked) && asked.type === key.type ? asked : undefined
}

const snake = (name: string): string => upperSnake(name).toLowerCase()

const asWritten = ({ exposed, member }: ExposedField, entity: Loaded | undefined): ExposedField => {
  const asked = entity && getsBy(exposed, entity)
  if (entity === undefined || asked === undefined) return { exposed, member: withListSize(exposed, member) }
  const load = `@load(by: { ${graphqlName(entity.key)}: "{args.${graphqlName(asked)}}" })`
  return {
    exposed,
    member: {
      ...member,
      args: (member.args ?? []).map((arg) => ({ ...arg, type: 'ID!' })),
      directives: member.directives.map((directive) => (directive.startsWith('@grpc') ? load : directive)),
    },
  }
}

/** Pages of google.aip.dev/158 are as long as `page_size` says. */
const withListSize = ({ method }: ExposedMethod, member: Member): Member => {
  const { resolvedRequestType: request, resolvedResponseType: answer } = method
  const size = request && shownFields(request, 'in').find(({ protoName }) => protoName === 'page_size')
  const items = answer === null ? undefined : only(messagesIn(answer))
  if (!size || items === undefined) return member
  const said = `@listSize(slicingArguments: ["${graphqlName(size)}"], sizedFields: ["${graphqlName(items)}"])`
  return { ...member, directives: [...member.directives, said] }
}

const asEntity = (
  definition: Definition,
  { entity: { key, by, keys, select }, service }: { readonly entity: Loaded; readonly service: string },
): Definition => {
  const name = graphqlName(key)
  const loader = `@grpc(service: "${service}", method: "${by.path}", request: { ${keys.jsonName}: "{keys.${name}}" }, select: "${select.jsonName}", batch: { match: "${key.jsonName}" })`
  return {
    ...definition,
    directives: [`@entity(key: "${name}")`, loader],
    members: definition.members.map((member) => (member.name === name ? { ...member, type: 'ID!' } : member)),
  }
}

type Linking = { readonly type: Type; readonly entityNames: ReadonlyMap<string, Loaded> }

/** Beside `product_id` stands the product, where products are entities. */
const withLinks = (definition: Definition, { type, entityNames }: Linking): Definition => ({
  ...definition,
  members: definition.members.flatMap((member): readonly Member[] => {
    const field = shownFields(type, 'out').find((one) => graphqlName(one) === member.name)
    const [name, entity] =
      [...entityNames].find(
        ([, one]) => one.type !== type && field?.protoName === `${snake(one.type.name)}_${one.key.protoName}`,
      ) ?? []
    if (field === undefined || entity === undefined || name === undefined || !isKey(field)) return [member]
    const link = member.name.replace(/_?(?:id|name)$/i, '')
    if (definition.members.some((other) => other.name === link)) return [member]
    const load = `@load(by: { ${graphqlName(entity.key)}: "{this.${member.name}}" })`
    return [member, { name: link, type: name, directives: [load] }]
  }),
})

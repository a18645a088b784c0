import type { ObjectValueNode } from 'graphql'
import protobuf, { type Type } from 'protobufjs'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { fieldOf } from '../../services/grpc/json/fields.ts'
import type { GrpcMethod } from '../../services/grpc/method.ts'
import type { Directive } from '../directives.ts'
import type { FieldMask } from '../request.ts'
import { splitPath } from './context.ts'

/**
 * What google.aip.dev/157 calls the field that says which fields a service shall answer. Where something is changed,
 * `field_mask` is often what shall be changed of it, and must not be made of what is read.
 */
const usual = (reads: boolean): readonly string[] => (reads ? ['read_mask', 'field_mask'] : ['read_mask'])

const isMask = (field: protobuf.Field): boolean =>
  field.resolve().resolvedType?.fullName === '.google.protobuf.FieldMask' && !field.repeated

/** Whether a field of a request takes, by its name, the mask of what is read; `reads` is whether that is all it does. */
export const isReadMask = (field: protobuf.Field, reads: boolean): boolean =>
  usual(reads).includes(field.protoName) && isMask(field)

/**
 * The field of a request that takes the mask: the one that `fieldMask` names, or the usual one where the request does
 * not set it. A sentence where the name is wrong.
 */
export const fieldMaskOf = (
  { args, nodes }: Directive,
  { requestType, responseType }: GrpcMethod,
  reads: boolean,
): FieldMask | undefined | string => {
  const masks = requestType.fieldsArray.filter(isMask)
  const named = args['fieldMask'] as string | undefined
  const field = masks.find(({ jsonName, protoName }) =>
    named === undefined ? usual(reads).includes(protoName) : named === jsonName || named === protoName,
  )
  if (named !== undefined && field === undefined)
    return `${requestType.fullName.slice(1)} has no field mask ${named}.${didYouMean(
      named,
      masks.map(({ jsonName }) => jsonName),
    )}`
  const set = (nodes['request'] as ObjectValueNode | undefined)?.fields?.map(({ name }) => name.value) ?? []
  if (field === undefined || set.includes(field.jsonName) || set.includes(field.protoName)) return undefined
  const batch = args['batch'] as { readonly items?: string } | undefined
  const path = [...splitPath((args['select'] as string | undefined) ?? ''), ...splitPath(batch?.items ?? '')]
  const inside = path.length === 0 ? pageOf(responseType) : undefined
  const of = messageAt(responseType, inside === undefined ? path : [inside])
  return of && { field: field.jsonName, of, inside }
}

/** The field of a page that holds its items, which the mask is then about (google.aip.dev/158). */
const pageOf = (type: Type): string | undefined => {
  const [only, ...others] = type.fieldsArray.filter(
    (field) => field.resolve().repeated && field.resolvedType instanceof protobuf.Type,
  )
  return fieldOf(type, 'next_page_token') !== undefined && others.length === 0 ? only?.jsonName : undefined
}

const messageAt = (type: Type, path: readonly string[]): Type | undefined => {
  let at: Type | undefined = type
  for (const name of path) {
    const field: protobuf.Field | undefined = at && fieldOf(at, name)
    at = field?.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined
  }
  return at
}

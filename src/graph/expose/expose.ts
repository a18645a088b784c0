import type { Method } from 'protobufjs'
import { isDeprecated } from '../../services/grpc/protos/annotations.ts'
import type { GrpcService } from '../../services/service.ts'
import { isReadMask } from '../bind/field-mask.ts'
import type { RootKind } from '../roots.ts'
import { type Remarks, remarksOf } from './comments.ts'
import type { Exposure } from './config.ts'
import { answerType, definitionOf } from './definitions.ts'
import type { NameOf } from './fields.ts'
import { argumentOf, inputsOf } from './inputs.ts'
import { wellKnownScalar } from './messages.ts'
import { type ExposedMethod, type ExposureMistake, selectMethods } from './methods.ts'
import { keyOf, nameParts, partsOf } from './parts.ts'
import type { Definition, Member } from './print.ts'

/** A root field and the method behind it. */
export type ExposedField = { readonly exposed: ExposedMethod; readonly member: Member }

/** A service as GraphQL: root fields and the types they need, before either is text. */
export type Exposed = {
  readonly service: string
  readonly fields: readonly ExposedField[]
  readonly types: readonly Definition[]
  readonly nameOf: NameOf
  /** What has no field, a sentence each. */
  readonly left: readonly string[]
  readonly mistakes: readonly ExposureMistake[]
}

/** What an exposure of a service shows. Throws nothing that its protos can cause. */
export const exposeService = (service: GrpcService, exposure: Exposure): Exposed => {
  const { methods, left, mistakes } = selectMethods(service.root, exposure)
  const parts = partsOf(methods)
  const names = nameParts(parts, exposure.prefix)
  const nameOf: NameOf = (part) => {
    const name = names.get(keyOf(part))
    if (name === undefined) throw new Error(`${keyOf(part)} has no name`) // every part that is met is named
    return name
  }
  return {
    service: service.name,
    fields: methods.map((exposed) => ({ exposed, member: rootField(exposed, { service: service.name, nameOf }) })),
    types: parts.map((part) => definitionOf(part, nameOf)),
    nameOf,
    left,
    mistakes,
  }
}

const rootField = (
  { method, path, kind, field }: ExposedMethod,
  { service, nameOf }: { readonly service: string; readonly nameOf: NameOf },
): Member => {
  const { args, request } = requestOf(method, { kind, nameOf })
  const { description, directives } = methodRemarks(method)
  const type = resultType(method, { kind, nameOf })
  const binding = [
    `service: ${JSON.stringify(service)}`,
    `method: ${JSON.stringify(path)}`,
    ...(request === undefined ? [] : [`request: ${request}`]),
    ...(kind === 'subscription' || type.endsWith('!') || mayFindNothing(method, kind) ? [] : ['notFound: ERROR']),
  ]
  return {
    name: field,
    type,
    args,
    ...(description === undefined ? {} : { description }),
    directives: [`@grpc(${binding.join(', ')})`, ...directives],
  }
}

/** Only of what is got by its key, "not found" is an answer. */
const mayFindNothing = ({ name }: Method, kind: RootKind): boolean => kind === 'query' && name.startsWith('Get')

const resultType = (method: Method, { kind, nameOf }: { kind: RootKind; nameOf: NameOf }): string => {
  const { resolvedResponseType } = method
  const type = resolvedResponseType === null ? 'JSON' : answerType(resolvedResponseType, nameOf)
  // A stream brings messages, never their absence.
  return kind === 'subscription' && !type.endsWith('!') && type !== 'JSON' ? `${type}!` : type
}

/** The request's fields as arguments; a well-known type is one argument, `value`. */
const requestOf = (
  method: Method,
  { kind, nameOf }: { readonly kind: RootKind; readonly nameOf: NameOf },
): { args: readonly Member[]; request: string | undefined } => {
  const { resolvedRequestType: type } = method
  if (type === null || type.fieldsArray.length === 0) return { args: [], request: undefined }
  const scalar = wellKnownScalar(type)
  if (scalar !== undefined)
    return { args: [{ name: 'value', type: `${scalar}!`, directives: [] }], request: '"{args.value}"' }
  const taken = new Set<string>()
  // What is read is what is selected: nobody writes the mask of it.
  const asked = inputsOf(type).filter((input) => !('field' in input && isReadMask(input.field, kind !== 'mutation')))
  const made = asked.map((input) => argumentOf(input, { nameOf, taken }))
  const fields = made.flatMap(({ request }) => request)
  return {
    args: made.map(({ argument }) => argument),
    request: fields.length === 0 ? undefined : `{ ${fields.join(', ')} }`,
  }
}

/** A method is deprecated with its service. */
const methodRemarks = (method: Method): Remarks => {
  const own = remarksOf(method)
  const { parent } = method
  if (own.directives.length > 0 || parent === null || !isDeprecated(parent)) return own
  return { ...own, directives: remarksOf(parent).directives }
}

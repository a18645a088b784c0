import protobuf, { type Method, type ReflectionObject, type Root, type Type } from 'protobufjs'
import type { Json } from '../../kernel/json.ts'
import type { GrpcService } from '../service.ts'
import { messageCodec } from './json/codec.ts'
import { methodKind } from './method-kind.ts'
import { idempotencyOf } from './protos/annotations.ts'

/** One method of a gRPC service, resolved: nothing about it can fail to be found at run time. */
export type GrpcMethod = {
  /** As HTTP/2 wants it: `/pkg.Service/Method`. */
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  /** Whether asking twice does no more than asking once, as far as its proto says. */
  readonly mayRepeat: boolean
  readonly requestType: Type
  readonly responseType: Type
  readonly codec: {
    /** A request as bytes. Throws Problem INVALID_ARGUMENT that names the field. */
    readonly encode: (request: Json) => Buffer
    /** An answer as JSON, with the defaults of implicit-presence fields. Throws Problem UNAVAILABLE. */
    readonly decode: (answer: Uint8Array) => Json
  }
}

/** The method at `pkg.Service/Method` (with or without a leading slash), or the paths there are. */
export const findMethod = (
  { root }: Pick<GrpcService, 'root'>,
  path: string,
): GrpcMethod | { readonly candidates: readonly string[] } => {
  const [serviceName = '', methodName = ''] = path.replace(/^\//, '').split('/')
  const service = root.lookup(`.${serviceName}`, [protobuf.Service])
  const method =
    // `lookup` also finds names inside other packages.
    service instanceof protobuf.Service &&
    service.fullName === `.${serviceName}` &&
    Object.hasOwn(service.methods, methodName)
      ? service.methods[methodName]
      : undefined
  if (method === undefined) return { candidates: methodPaths(root) }
  const { requestType, responseType } = typesOf(method)
  return {
    path: `/${serviceName}/${methodName}`,
    requestStream: method.requestStream === true,
    responseStream: method.responseStream === true,
    mayRepeat: methodKind(method).kind === 'query' || idempotencyOf(method) === 'IDEMPOTENT',
    requestType,
    responseType,
    codec: { encode: messageCodec(requestType).encode, decode: messageCodec(responseType).decode },
  }
}

const typesOf = (method: Method): { readonly requestType: Type; readonly responseType: Type } => {
  method.resolve()
  const { resolvedRequestType, resolvedResponseType } = method
  if (resolvedRequestType === null || resolvedResponseType === null)
    throw new TypeError(`${method.fullName} is not resolved`) // a root is resolved before it becomes a service's
  return { requestType: resolvedRequestType, responseType: resolvedResponseType }
}

/** Every method of a root as `pkg.Service/Method`. */
export const methodPaths = (root: Root): readonly string[] => {
  const collect = (object: ReflectionObject): readonly string[] => [
    ...(object instanceof protobuf.Service
      ? object.methodsArray.map(({ name }) => `${object.fullName.slice(1)}/${name}`)
      : []),
    ...(object instanceof protobuf.Namespace ? object.nestedArray.flatMap(collect) : []),
  ]
  return collect(root)
}

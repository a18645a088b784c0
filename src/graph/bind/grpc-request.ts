import { type ConstValueNode, Kind, type ObjectValueNode } from 'graphql'
import protobuf from 'protobufjs'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { fieldOf, jsonNames } from '../../services/grpc/json/fields.ts'
import { findMethod, type GrpcMethod, methodPaths } from '../../services/grpc/method.ts'
import { methodKind } from '../../services/grpc/method-kind.ts'
import type { GrpcService } from '../../services/service.ts'
import { gatewaysOwn } from '../../services/told.ts'
import type { Directive } from '../directives.ts'
import type { GrpcRequest } from '../request.ts'
import { checkRequestValues } from './check/request-values.ts'
import { type BindContext, isMutation, misspelt, type Owner, report } from './context.ts'
import { fieldMaskOf } from './field-mask.ts'
import { bindNamed, bindValue } from './values.ts'

/** The request of a `@grpc` directive; undefined when it is wrong, with the mistakes reported. */
export const bindGrpcRequest = (context: BindContext, directive: Directive, owner: Owner): GrpcRequest | undefined => {
  const { args, nodes, node } = directive
  const { coordinate } = owner
  const path = args['method'] as string
  const service = serviceOf(context, { directive, owner, path })
  if (service === undefined) return undefined
  const method = findMethod(service, path)
  if ('candidates' in method)
    return report(context, nodes['method'] ?? node, coordinate, {
      code: isService(service, path) ? 'PORTICO-202' : 'PORTICO-201',
      message: `${service.name} has no method ${path}.${didYouMean(path, method.candidates)}`,
      mend: misspelt(nodes['method'] ?? node, path, method),
    })
  const request = nodes['request']
  const message =
    request === undefined ? ({ kind: 'object', fields: [] } as const) : bindValue(context, { node: request, owner })
  const metadata = bindNamed(context, { node: nodes['metadata'], owner })
  if (message === undefined || metadata === undefined) return undefined
  if (request !== undefined && !checkMessage(context, { node: request, type: method.requestType, coordinate }))
    return undefined
  const batched = args['batch'] !== undefined
  if (
    request !== undefined &&
    !checkRequestValues(context, { node: request, type: method.requestType, owner, batched })
  )
    return undefined
  const reserved = metadata.find(
    ({ name }) =>
      !/^[a-z0-9._-]+$/.test(name) || name.startsWith('grpc-') || name.endsWith('-bin') || gatewaysOwn.includes(name),
  )
  if (reserved !== undefined)
    return report(context, nodes['metadata'] ?? node, coordinate, {
      code: 'PORTICO-212',
      message: `${reserved.name} is no metadata key a binding may set: lower-case letters, digits, - and _, not grpc-…, …-bin, authorization or what the gateway says of a request.`,
    })
  const told = metadata.find(({ name }) => service.identityHeaders?.[name] !== undefined)
  if (told !== undefined)
    return report(context, nodes['metadata'] ?? node, coordinate, {
      code: 'PORTICO-212',
      message: `${told.name} is what the gateway itself tells ${service.name} of the caller, by its \`identity\`.`,
    })
  const mask = fieldMaskOf(directive, method, !isMutation(context, owner))
  if (typeof mask === 'string')
    return report(context, nodes['fieldMask'] ?? node, coordinate, { code: 'PORTICO-204', message: mask })
  return { kind: 'grpc', service: service.name, method, message, metadata, mask }
}

/** The named service, or the only one whose protos have the method. */
const serviceOf = (
  { services, ...context }: BindContext,
  { directive, owner, path }: { directive: Directive; owner: Owner; path: string },
): GrpcService | undefined => {
  const { args, nodes, node } = directive
  const name = args['service'] as string | undefined
  const grpc = [...services.values()].filter((service) => service.kind === 'grpc')
  if (name !== undefined) {
    const known = services.get(name)
    if (known?.kind === 'grpc') return known
    const cause =
      known === undefined
        ? `There is no service ${name} in portico.yaml.${didYouMean(
            name,
            grpc.map((service) => service.name),
          )}`
        : `${name} speaks REST; bind to it by @rest.`
    return report({ services, ...context }, nodes['service'] ?? node, owner.coordinate, {
      code: 'PORTICO-101',
      message: cause,
      mend:
        known === undefined
          ? misspelt(nodes['service'] ?? node, name, { candidates: grpc.map((service) => service.name) })
          : undefined,
    })
  }
  const having = grpc.filter((service) => !('candidates' in findMethod(service, path)))
  const [only] = having
  if (only !== undefined && having.length === 1) return only
  const known = grpc.flatMap(({ root }) => methodPaths(root))
  const cause =
    having.length > 1
      ? `${having.map((service) => service.name).join(' and ')} both have ${path}; name one by service.`
      : `No service has a method ${path}.${didYouMean(path, known)}`
  return report({ services, ...context }, nodes['method'] ?? node, owner.coordinate, {
    code: 'PORTICO-202',
    message: cause,
    mend: having.length > 1 ? undefined : misspelt(nodes['method'] ?? node, path, { candidates: known }),
  })
}

/** Whether every name in a request value is a field of the message; the first wrong one is reported. */
const checkMessage = (
  context: BindContext,
  { node, type, coordinate }: { node: ConstValueNode; type: protobuf.Type; coordinate: string },
): boolean => {
  if (node.kind !== Kind.OBJECT || type.fullName.startsWith('.google.protobuf.')) return true
  return (node as ObjectValueNode).fields.every((field) => {
    const found = fieldOf(type, field.name.value)
    if (found === undefined) {
      report(context, field, coordinate, {
        code: 'PORTICO-204',
        message: `${type.fullName.slice(1)} has no field ${field.name.value}.${didYouMean(field.name.value, jsonNames(type))}`,
        mend: misspelt(field.name, field.name.value, { candidates: jsonNames(type) }),
      })
      return false
    }
    return (
      !(found.resolvedType instanceof protobuf.Type) ||
      found.repeated ||
      checkMessage(context, { node: field.value as ConstValueNode, type: found.resolvedType, coordinate })
    )
  })
}

/** Whether the part before the slash is a service of the protos. */
const isService = ({ root }: GrpcService, path: string): boolean =>
  methodPaths(root).some((known) => known.split('/')[0] === path.split('/')[0])

/** Whether a method changes nothing, as its proto says it. */
export const isSafeMethod = ({ path, requestType }: GrpcMethod): boolean => {
  const [serviceName = '', methodName = ''] = path.slice(1).split('/')
  const method = requestType.root.lookupService(serviceName).methods[methodName]
  return method !== undefined && methodKind(method).kind === 'query'
}

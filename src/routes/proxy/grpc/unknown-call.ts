import { didYouMean } from '../../../kernel/diagnostic.ts'
import { findMethod } from '../../../services/grpc/method.ts'
import type { GrpcService } from '../../../services/service.ts'

/**
 * What is doubtful about a route's path, `/pkg.Service/Method` or `/pkg.Service/*`: calls that the protos of its service
 * do not have. Undefined where nothing is.
 */
export const unknownCall = (path: string, service: GrpcService): string | undefined => {
  const [name = '', method = ''] = path.slice(1).split('/')
  // Reflection and health are each server's own and stand in no workspace's protos.
  if (/^\*|^grpc\.|[{]/.test(path.slice(1))) return undefined
  const found = findMethod(service, path)
  if ('path' in found) return undefined
  const known = found.candidates.map((one) => one.split('/') as [string, string])
  const names = [...new Set(known.map(([of]) => of))]
  if (!names.includes(name)) return `The protos of ${service.name} have no service ${name}.${didYouMean(name, names)}`
  if (method === '*') return undefined
  const methods = known.filter(([of]) => of === name).map(([, one]) => one)
  return `${name} has no method ${method} in the protos of ${service.name}.${didYouMean(method, methods)}`
}

import type { Method, ReflectionObject, Root, Service } from 'protobufjs'
import { methodKind } from '../method-kind.ts'
import type { Change, Version } from './change.ts'
import { compareBindings } from './compare-bindings.ts'
import { compareTypes } from './compare-types.ts'
import { placeOfDefinition } from './places.ts'
import { pathOf, reachedTypes, servicesOf } from './reached.ts'

/**
 * Every difference that clients can meet: of methods, and of the messages and enums that methods reach. Changes of what
 * no method reaches are none. Names count as much as numbers, for JSON and GraphQL go by names: what only the wire
 * format would forgive is breaking. Elements are matched by their names; both roots must be resolved.
 */
export const compareDefinitions = (before: Root, after: Root): readonly Change[] => {
  const now = new Map(servicesOf(after).map((service) => [service.fullName, service]))
  const moved = renamedPackages(servicesOf(before), now)
  const changes: Change[] = []
  for (const service of servicesOf(before)) {
    const same = now.get(service.fullName)
    const elsewhere = moved.get(service)
    if (same !== undefined) changes.push(...compareMethods(service, same))
    else if (elsewhere !== undefined) changes.push(packageRenamed(service, elsewhere))
    else changes.push(...service.methodsArray.map(methodGone))
    now.delete(service.fullName)
  }
  const arrived = new Set(moved.values())
  for (const service of now.values()) if (!arrived.has(service)) changes.push(...service.methodsArray.map(methodNew))
  const renamed = [...moved.keys()].map((service) => `${packageOf(service)}.`)
  const types = compareTypes(reachedTypes(before), reachedTypes(after)).filter(
    ({ coordinate, now: still }) => still !== undefined || !renamed.some((name) => coordinate.startsWith(name)),
  )
  return [...changes, ...types]
}

/** Services that are gone, each with one of its name and methods in a package that is new. */
const renamedPackages = (
  before: readonly Service[],
  now: ReadonlyMap<string, Service>,
): ReadonlyMap<Service, Service> => {
  const kept = new Set(before.map(({ fullName }) => fullName))
  const fresh = [...now.values()].filter(({ fullName }) => !kept.has(fullName))
  return new Map(
    before
      .filter(({ fullName }) => !now.has(fullName))
      .flatMap((service) => {
        const other = fresh.find(
          ({ name, methods }) =>
            name === service.name && Object.keys(service.methods).some((method) => Object.hasOwn(methods, method)),
        )
        return other === undefined ? [] : [[service, other] as const]
      }),
  )
}

const packageRenamed = (was: Service, now: Service): Change => ({
  breaking: true,
  coordinate: nameOf(was),
  message: `Its package is now ${packageOf(now)}: every path, method and type of it has another name.`,
  was: { text: `package ${packageOf(was)}`, place: placeOfDefinition(was) },
  now: { text: `package ${packageOf(now)}`, place: placeOfDefinition(now) },
})

const nameOf = ({ fullName }: ReflectionObject): string => fullName.slice(1)

const packageOf = ({ parent }: Service): string => parent?.fullName.slice(1) ?? ''

const methodText = (method: Method): string => {
  const { request, response } = signature(method)
  return `rpc ${method.name}(${request}) returns (${response})`
}

const signature = ({ requestStream, responseStream, requestType, responseType, ...types }: Method) => ({
  request: `${requestStream === true ? 'stream ' : ''}${types.resolvedRequestType?.fullName.slice(1) ?? requestType}`,
  response: `${responseStream === true ? 'stream ' : ''}${types.resolvedResponseType?.fullName.slice(1) ?? responseType}`,
})

const versionOf = (method: Method): Version => ({ text: methodText(method), place: placeOfDefinition(method) })

const methodGone = (method: Method): Change => ({
  breaking: true,
  coordinate: pathOf(method),
  message: 'This method is gone.',
  was: versionOf(method),
})

const methodNew = (method: Method): Change => ({
  breaking: false,
  coordinate: pathOf(method),
  message: 'This method is new.',
  now: versionOf(method),
})

const compareMethods = (before: Service, after: Service): readonly Change[] => [
  ...before.methodsArray.flatMap((was) => {
    const now = Object.hasOwn(after.methods, was.name) ? after.methods[was.name] : undefined
    return now === undefined ? [methodGone(was)] : compareMethod(was, now)
  }),
  ...after.methodsArray.filter(({ name }) => !Object.hasOwn(before.methods, name)).map(methodNew),
]

const compareMethod = (was: Method, now: Method): readonly Change[] => {
  const changes: Change[] = []
  const changed = (message: string, [before, after]: readonly [string, string]): void => {
    changes.push({
      breaking: true,
      coordinate: pathOf(was),
      message,
      was: { text: before, place: placeOfDefinition(was) },
      now: { text: after, place: placeOfDefinition(now) },
    })
  }
  const [old, fresh] = [signature(was), signature(now)]
  if (old.request !== fresh.request || old.response !== fresh.response)
    changed(signatureMessage(was, now), [methodText(was), methodText(now)])
  else {
    const [before, after] = [methodKind(was), methodKind(now)]
    if (before.kind !== after.kind)
      changed(`GraphQL showed it as a ${before.kind}, and now as a ${after.kind}: it ${after.reason}.`, [
        before.kind,
        after.kind,
      ])
  }
  return [...changes, ...compareBindings(was, now)]
}

const signatureMessage = (was: Method, now: Method): string => {
  const [old, fresh] = [signature(was), signature(now)]
  const streams =
    (was.requestStream === true) !== (now.requestStream === true) ||
    (was.responseStream === true) !== (now.responseStream === true)
  if (streams) return 'It streams otherwise.'
  if (old.request === fresh.request) return 'It answers with another message.'
  return old.response === fresh.response ? 'It takes another message.' : 'It takes and answers with other messages.'
}

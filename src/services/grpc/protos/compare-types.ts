import protobuf, { type Enum, type Field, type Type } from 'protobufjs'
import { fieldBehaviors, isDemanded } from './annotations.ts'
import type { Change, Version } from './change.ts'
import { placeOfDefinition } from './places.ts'
import type { Reached } from './reached.ts'

/** Every difference between the messages and enums that methods reached and those they reach now. */
export const compareTypes = (before: Reached, after: Reached): readonly Change[] => [
  ...[...before.messages].flatMap(([name, was]) => {
    const now = after.messages.get(name)
    const inRequests = before.inRequests.has(name) && after.inRequests.has(name)
    if (now !== undefined) return compareFields(was, now, inRequests)
    // One that is there and out of reach was let go by a field or method, which says so.
    return hasStill(after, was) ? [] : [gone(was, `message ${was.name}`)]
  }),
  ...[...before.enums].flatMap(([name, was]) => {
    const now = after.enums.get(name)
    if (now !== undefined) return compareValues(was, now)
    return hasStill(after, was) ? [] : [gone(was, `enum ${was.name}`)]
  }),
]

const hasStill = ({ root }: Reached, { fullName }: Type | Enum): boolean =>
  root.lookup(fullName, [protobuf.Type, protobuf.Enum])?.fullName === fullName

const gone = (element: Type | Enum, text: string): Change => ({
  breaking: true,
  coordinate: element.fullName.slice(1),
  message: `This ${text.split(' ')[0]} is gone, and was in use.`,
  was: { text, place: placeOfDefinition(element) },
})

const coordinateOf = (field: Field): string => `${field.parent?.fullName.slice(1) ?? ''}.${field.protoName}`

const compareFields = (before: Type, after: Type, inRequests: boolean): readonly Change[] => {
  const [old, fresh] = [byName(before), byName(after)]
  const taken = new Set<Field>()
  const changes = [...old].flatMap(([name, was]): readonly Change[] => {
    const now = fresh.get(name)
    const coordinate = coordinateOf(was)
    if (now === undefined) {
      const renamed = [...fresh.values()].find(({ id, protoName }) => id === was.id && !old.has(protoName))
      if (renamed === undefined)
        return [{ breaking: true, coordinate, message: 'This field is gone.', was: versionOf(was) }]
      taken.add(renamed)
      const message = `It is called ${renamed.protoName} now; JSON and GraphQL go by names.`
      return [{ breaking: true, coordinate, message, was: versionOf(was), now: versionOf(renamed) }]
    }
    const parts = differences(was, now, inRequests)
    if (parts.length === 0) return []
    const message = `It has ${listed(parts)}.`
    return [{ breaking: true, coordinate, message, was: versionOf(was), now: versionOf(now) }]
  })
  const arrived = [...fresh].filter(([name, field]) => !old.has(name) && !taken.has(field))
  return [...changes, ...arrived.map(([, field]) => arrival(field, inRequests))]
}

const byName = (type: Type): ReadonlyMap<string, Field> =>
  // protobufjs puts extensions among the fields of what they extend.
  new Map(type.fieldsArray.filter((field) => field.declaringField === null).map((field) => [field.protoName, field]))

const arrival = (field: Field, inRequests: boolean): Change => {
  const breaking = inRequests && isDemanded(field)
  return {
    breaking,
    coordinate: coordinateOf(field),
    message: breaking ? 'This field is new, and requests must have it.' : 'This field is new.',
    now: versionOf(field),
  }
}

/** What of a field is otherwise, each as `another type`. */
const differences = (was: Field, now: Field, inRequests: boolean): readonly string[] => {
  const sameLabel = labelOf(was) === labelOf(now)
  const sameOneof = oneofOf(was) === oneofOf(now)
  return [
    ...(typeOf(was) === typeOf(now) ? [] : [`another type (${typeOf(was)} → ${typeOf(now)})`]),
    ...(sameLabel ? [] : ['another label']),
    ...(was.id === now.id ? [] : ['another number']),
    ...(sameOneof ? [] : ['another place among oneofs']),
    ...(sameLabel && sameOneof && isImplicit(was) !== isImplicit(now) ? ['another presence'] : []),
    ...(was.jsonName === now.jsonName ? [] : [`another JSON name (${was.jsonName} → ${now.jsonName})`]),
    ...(inRequests && !isDemanded(was) && isDemanded(now) ? ['to be in requests, which it had not'] : []),
  ]
}

const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`

const typeOf = (field: Field): string => {
  const type = field.resolvedType?.fullName.slice(1) ?? field.type
  return field instanceof protobuf.MapField ? `map<${field.keyType}, ${type}>` : type
}

const labelOf = ({ repeated, map, required }: Field): string =>
  map ? 'map' : repeated ? 'repeated' : required ? 'required' : ''

/** The oneof as its author wrote it; that of an `optional` field is protobuf's own. */
const oneofOf = ({ partOf }: Field): string | undefined =>
  partOf === null || partOf.isProto3Optional ? undefined : partOf.name

/** Whether its default and its absence are the same. */
const isImplicit = (field: Field): boolean => !field.hasPresence

const versionOf = (field: Field): Version => {
  const label = labelOf(field) || (!isImplicit(field) && isPlain(field) ? 'optional' : '')
  const words = [...(label === '' || label === 'map' ? [] : [label]), typeOf(field), field.protoName, '=', field.id]
  const oneof = oneofOf(field)
  const notes = [
    ...(oneof === undefined ? [] : [`in oneof ${oneof}`]),
    ...(fieldBehaviors(field).includes('REQUIRED') ? ['REQUIRED'] : []),
  ]
  return {
    text: `${words.join(' ')}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`,
    place: placeOfDefinition(field),
  }
}

const isPlain = (field: Field): boolean =>
  oneofOf(field) === undefined && !field.repeated && !(field.resolvedType instanceof protobuf.Type)

const compareValues = (before: Enum, after: Enum): readonly Change[] => {
  const version = (element: Enum, value: string): Version => ({
    text: `${value} = ${element.values[value]}`,
    place: placeOfDefinition(element, { value }),
  })
  const names = new Set(Object.keys(before.values))
  const taken = new Set<string>()
  const changes = [...names].flatMap((name): readonly Change[] => {
    const coordinate = `${before.fullName.slice(1)}.${name}`
    const was = version(before, name)
    if (Object.hasOwn(after.values, name))
      return after.values[name] === before.values[name]
        ? []
        : [{ breaking: true, coordinate, message: 'It has another number.', was, now: version(after, name) }]
    const renamed = Object.keys(after.values).find(
      (other) => after.values[other] === before.values[name] && !names.has(other),
    )
    if (renamed === undefined) return [{ breaking: true, coordinate, message: 'This value is gone.', was }]
    taken.add(renamed)
    const message = `It is called ${renamed} now; JSON and GraphQL go by names.`
    return [{ breaking: true, coordinate, message, was, now: version(after, renamed) }]
  })
  const arrived = Object.keys(after.values).filter((name) => !names.has(name) && !taken.has(name))
  return [
    ...changes,
    ...arrived.map((name) => ({
      breaking: false,
      coordinate: `${after.fullName.slice(1)}.${name}`,
      message: 'This value is new.',
      now: version(after, name),
    })),
  ]
}

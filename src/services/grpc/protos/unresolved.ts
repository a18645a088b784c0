import protobuf, { type Field, type Method, type ReflectionObject, type Root } from 'protobufjs'
import { type Diagnostic, didYouMean, placeAt } from '../../../kernel/diagnostic.ts'

/** Every type that is named and not defined, with the place of the name. protobufjs alone stops at the first. */
export const unresolved = (root: Root, texts: ReadonlyMap<string, string>, displayDir: string): Diagnostic[] => {
  const diagnostics: Diagnostic[] = []

  const report = (owner: ReflectionObject, name: string, { pattern, messagesOnly }: Reference): void => {
    const parent = owner.parent
    const kinds = messagesOnly ? [protobuf.Type] : [protobuf.Type, protobuf.Enum]
    if (parent === null || parent.lookup(name, kinds) !== null) return
    const file = owner.filename ?? parent.filename ?? ''
    const text = texts.get(file) ?? ''
    diagnostics.push({
      severity: 'error',
      place: placeAt(`${displayDir}/${file}`, text, offsetOf(text, parent.name, pattern)),
      coordinate: owner.fullName.slice(1),
      message: `No such ${messagesOnly ? 'message' : 'message or enum'}: ${name}.${didYouMean(name, namesLike(name, root))}`,
    })
  }

  const visit = (object: ReflectionObject): void => {
    if (object instanceof protobuf.Type) for (const field of object.fieldsArray) visitField(field)
    if (object instanceof protobuf.Service) for (const method of object.methodsArray) visitMethod(method)
    if (object instanceof protobuf.Namespace) for (const nested of object.nestedArray) visit(nested)
    if (object instanceof protobuf.Field) visitField(object) // an extension
  }

  const visitField = (field: Field): void => {
    // A name with a dot is protobufjs' own copy of an extension, inside the message it extends.
    if (Object.hasOwn(protobuf.types.basic, field.type) || field.name.startsWith('.')) return
    report(field, field.type, { pattern: fieldPattern(field), messagesOnly: false })
  }

  const visitMethod = (method: Method): void => {
    const head = `rpc\\s+${method.name}\\s*\\(\\s*(?:stream\\s+)?`
    const request = escaped(method.requestType)
    report(method, method.requestType, { pattern: new RegExp(`${head}(?<name>${request})`, 'd'), messagesOnly: true })
    const response = `${request}\\s*\\)\\s*returns\\s*\\(\\s*(?:stream\\s+)?(?<name>${escaped(method.responseType)})`
    report(method, method.responseType, { pattern: new RegExp(head + response, 'd'), messagesOnly: true })
  }

  visit(root)
  for (const field of root.deferred) {
    const name = field.extend ?? ''
    report(field, name, { pattern: new RegExp(`extend\\s+(?<name>${escaped(name)})`, 'd'), messagesOnly: true })
  }
  return diagnostics
}

type Reference = {
  /** Finds the reference in its file; the group `name` is the name itself. */
  readonly pattern: RegExp
  readonly messagesOnly: boolean
}

const escaped = (name: string): string => name.replaceAll('.', '\\.')

const fieldPattern = (field: Field): RegExp =>
  new RegExp(`(?<name>(?<![\\w.])${escaped(field.type)})\\s*>?\\s+${protoNameOf(field)}\\s*=`, 'd')

// Not `field.protoName`: it is set only when the field is resolved.
const protoNameOf = (field: Field): string =>
  (field as { readonly protoName?: string | undefined }).protoName ?? field.name

/** Looks from the definition of the parent on, so that equal lines of earlier messages do not match. */
const offsetOf = (text: string, parent: string, pattern: RegExp): number => {
  const start = Math.max(0, text.search(new RegExp(`\\b(?:message|service|group)\\s+${parent}\\b`)))
  const found = pattern.exec(text.slice(start)) as (RegExpExecArray & { indices: RegExpIndicesArray }) | null
  return start + (found?.indices.groups?.['name']?.[0] ?? 0)
}

/** Candidates in the form the author used: full names for a dotted name, short ones else. */
const namesLike = (name: string, root: Root): string[] => {
  const names = new Set<string>()
  const collect = (object: ReflectionObject): void => {
    if (object instanceof protobuf.Type || object instanceof protobuf.Enum)
      names.add(name.includes('.') ? object.fullName.slice(1) : object.name)
    if (object instanceof protobuf.Namespace) object.nestedArray.forEach(collect)
  }
  collect(root)
  return [...names]
}

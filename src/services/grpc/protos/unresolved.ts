import protobuf, { type Field, type Method, type ReflectionObject, type Root } from 'protobufjs'
import { type Diagnostic, didYouMean } from '../../../kernel/diagnostic.ts'
import { type Part, placeOfDefinition } from './places.ts'

/** Every type that is named and not defined, with the place of the name. protobufjs alone stops at the first. */
export const unresolved = (root: Root): Diagnostic[] => {
  const diagnostics: Diagnostic[] = []

  const report = (owner: ReflectionObject, { name, messagesOnly, part = { text: name } }: Reference): void => {
    const parent = owner.parent
    const kinds = messagesOnly ? [protobuf.Type] : [protobuf.Type, protobuf.Enum]
    if (parent === null || parent.lookup(name, kinds) !== null) return
    const written = name.replace(/^\./, '')
    diagnostics.push({
      severity: 'error',
      code: 'PORTICO-802',
      place: placeOfDefinition(owner, part),
      coordinate: owner.fullName.slice(1),
      message: `No such ${messagesOnly ? 'message' : 'message or enum'}: ${written}.${didYouMean(written, namesLike(written, root))}`,
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
    report(field, { name: field.type, messagesOnly: false })
  }

  const visitMethod = (method: Method): void => {
    report(method, { name: method.requestType, messagesOnly: true })
    if (method.responseType !== method.requestType) report(method, { name: method.responseType, messagesOnly: true })
  }

  visit(root)
  for (const field of root.deferred)
    report(field, { name: field.extend ?? '', messagesOnly: true, part: { extended: true } })
  return diagnostics
}

type Reference = { readonly name: string; readonly messagesOnly: boolean; readonly part?: Part }

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

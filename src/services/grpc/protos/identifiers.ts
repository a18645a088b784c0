import protobuf, { type Namespace, type Root } from 'protobufjs'

/**
 * The identifiers of the language, without the one that protobufjs loses. Everything that comes from outside is held
 * against it before protobufjs sees it: protobufjs makes code out of names.
 */
export const isName = (name: string): boolean =>
  /^[A-Za-z_]\w*$/.test(name) && name !== '__proto__' && name.length <= 256

/** A full name, with a leading dot or without. */
export const isFullName = (name: string): boolean =>
  name.length <= 1024 && name.replace(/^\./, '').split('.').every(isName)

/** The namespace of a package, made where there is none. Undefined where something else has its name. */
export const packageIn = (root: Root, name: string): Namespace | undefined => {
  let at: Namespace = root
  for (const part of name === '' ? [] : name.split('.')) {
    // Not `define`, which takes what every object inherits, such as `constructor`, for a namespace.
    let next = at.get(part)
    if (next === null) at.add((next = new protobuf.Namespace(part)))
    if (!(next instanceof protobuf.Namespace) || next instanceof protobuf.Type || next instanceof protobuf.Service)
      return undefined
    at = next
  }
  return at
}

import protobuf, { type Enum, type ReflectionObject } from 'protobufjs'
import { addOptions, customOptions, flatOptions, languageOptions } from './descriptor-options.ts'
import type { FileDescriptor, OptionsKind } from './descriptor-schema.ts'
import { isFullName, isName } from './identifiers.ts'
import type { Loading } from './loading.ts'
import { protoNameOf } from './places.ts'
import { type SourceInfo, sourceInfo } from './source-info.ts'

/** Where an element stands: in the root by its owner's full name, in the file's descriptor by its path. */
export type Spot = { readonly owner: string; readonly path: string }

type Dressing = { readonly spot: Spot; readonly options: Uint8Array; readonly kind: OptionsKind }

type SetOptions = (options: Readonly<Record<string, unknown>>) => void

/** What building anything of one file takes. */
export type Building = {
  readonly info: SourceInfo
  report(spot: Spot, name: string, message: string): void
  /** Whether an element's name may be used; if so, its place is kept. */
  named(spot: Spot, name: string): boolean
  /** Gives an element its file, comment and options: the language's own now, those of others by `finish`. */
  dress<Element extends ReflectionObject>(element: Element, from: Dressing): Element
  /** Gives a value of an enum its options. */
  dressValue(type: Enum, value: Omit<Dressing, 'kind'> & { readonly name: string }): void
  /** Adds an element to what it is part of, and reports what protobufjs has against it. */
  add(parent: { add(element: ReflectionObject): unknown }, element: ReflectionObject, spot: Spot): void
  /** To be called when the root is resolved: then it is known what the options of others mean. */
  readonly finish: () => void
}

/** @param shown what the file is called in diagnostics */
export const startBuilding = (file: FileDescriptor, loading: Loading, shown: string): Building => {
  const { root, made, diagnostics } = loading
  const info = sourceInfo(file, shown)
  made.set(file.name, info.file)
  const later: (() => void)[] = []

  const report = ({ owner }: Spot, name: string, message: string): void => {
    const full = fullNameOf(owner, name)
    const place = info.file.placesOf(full)[0] ?? info.file.start
    const coordinate = isFullName(full) ? full : owner || shown
    diagnostics.push({ severity: 'error', code: 'PORTICO-801', place, coordinate, message })
  }

  const whenResolved = ({ spot, name, options, kind }: Dressing & { readonly name: string }, set: SetOptions): void => {
    later.push(() => {
      try {
        set(customOptions(options, kind, root))
      } catch {
        report(spot, name, 'Its options are malformed.')
      }
    })
  }

  return {
    info,
    report,
    named(spot, name) {
      if (isName(name)) info.defined(fullNameOf(spot.owner, name), spot.path)
      else report(spot, name, `${JSON.stringify(name.slice(0, 64))} is no name that anything can have here.`)
      return isName(name)
    },
    dress(element, { spot, options, kind }) {
      element.filename = file.name
      element.comment = info.commentAt(spot.path)
      const known = languageOptions(options, kind)
      if (Object.keys(known).length > 0) element.options = { ...known, ...element.options }
      addOptions(element, known)
      const name = nameOf(element)
      if (options.length > 0) whenResolved({ spot, name, options, kind }, (custom) => addOptions(element, custom))
      return element
    },
    dressValue(type, { spot, name, options }) {
      if (options.length === 0) return
      const set: SetOptions = (more) => {
        if (Object.keys(more).length === 0) return
        type.valuesOptions = { ...type.valuesOptions, [name]: { ...type.valuesOptions?.[name], ...flatOptions(more) } }
      }
      const kind = 'EnumValueOptions'
      set(languageOptions(options, kind))
      whenResolved({ spot, name, options, kind }, set)
    },
    add(parent, element, spot) {
      try {
        parent.add(element)
      } catch (thrown) {
        const said = thrown instanceof Error ? thrown.message : String(thrown)
        report(spot, nameOf(element), `${said.charAt(0).toUpperCase()}${said.slice(1)}.`)
      }
    },
    finish: () => {
      for (const one of later) one()
    },
  }
}

const nameOf = (element: ReflectionObject): string =>
  element instanceof protobuf.Field ? protoNameOf(element) : element.name

export const fullNameOf = (owner: string, name: string): string => (owner === '' ? name : `${owner}.${name}`)

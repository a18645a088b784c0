import protobuf from 'protobufjs'
import { fieldOf } from '../../services/grpc/json/fields.ts'
import type { FieldMask } from '../request.ts'
import type { Selection, Shape, Step } from './plan.ts'

type Path = readonly string[]

type Reading = {
  /** What a field with a call of its own reads of the object that owns it. */
  readonly ownOf: (coordinate: string, selection: Selection) => readonly Path[]
  /** The field of a page whose items are looked into. */
  readonly inside: string | undefined
}

/** Every path below a value that the operation reads, in the names of the raw answer; a list is read as a whole. */
export const pathsOf = (shape: Shape, at: Path, reading: Reading): readonly Path[] => {
  switch (shape.kind) {
    case 'leaf':
      return [at]
    case 'list':
      return at.length === 0 || (at.length === 1 && at[0] === reading.inside) ? pathsOf(shape.item, at, reading) : [at]
    case 'object':
      return pathsOfSelection(shape.selection, at, reading)
    case 'abstract':
      return [
        ...(shape.variant === undefined ? [] : [[...at, ...shape.variant.by]]),
        ...[...shape.selections.values()].flatMap((selection) => pathsOfSelection(selection, at, reading)),
      ]
  }
}

const pathsOfSelection = (selection: Selection, at: Path, reading: Reading): readonly Path[] =>
  selection.fields.flatMap(({ value, shape, coordinate }): readonly Path[] => {
    switch (value.kind) {
      case 'read':
        return pathsOf(shape, [...at, ...value.path], reading)
      case 'entries':
        return [[...at, ...value.path]]
      case 'oneof':
        return value.cases.map(({ name }) => [...at, name])
      case 'case':
        return value.names.map((name) => [...at, name])
      case 'step':
        return reading.ownOf(coordinate, selection).map((path) => [...at, ...path])
      default:
        return []
    }
  })

/**
 * A field mask as its JSON (https://protobuf.dev/programming-guides/json): the paths, as the service's proto names
 * them, each once, up to the first repeated field, which a path may only end with. Undefined where a path has no
 * such text: the service then answers everything.
 */
export const maskText = ({ of }: FieldMask, paths: readonly Path[]): string | undefined => {
  const texts = new Set<string>()
  for (const path of paths) {
    const text = protoPath(of, path)
    if (text === undefined) return undefined
    texts.add(text)
  }
  const all = [...texts].sort()
  // A path stands for all below it.
  return all.filter((text) => !all.some((other) => text.startsWith(`${other}.`))).join() || undefined
}

const protoPath = (type: protobuf.Type, path: Path): string | undefined => {
  const names: string[] = []
  let at: protobuf.Type | undefined = type
  for (const name of path) {
    if (at === undefined) break
    const field = fieldOf(at, name)
    // Of a name such as `line_2`, camel case would not tell the way back.
    if (field === undefined || /[A-Z]|_(?![a-z])/.test(field.protoName)) return undefined
    names.push(field.protoName.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()))
    at = !field.repeated && !field.map && field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined
    // The members of what JSON writes as one text, such as a Timestamp, are nobody's to choose.
    if (at?.fullName.startsWith('.google.protobuf.') === true) at = undefined
  }
  return names.length === 0 ? undefined : names.join('.')
}

/** What is read of each answer that a field mask narrows, by `binding.index`. */
export type ReadByMasks = Map<number, { readonly mask: FieldMask; readonly paths: Path[]; readonly loader: boolean }>

/** Remembers what is read of a step's answer, its keys included, where a field mask can say so. */
export const noteRead = (
  read: ReadByMasks,
  { binding, source }: Step,
  pathsBelow: (inside: string | undefined) => readonly (readonly string[])[],
): void => {
  if (binding?.request.kind !== 'grpc' || binding.request.mask === undefined) return
  const { mask } = binding.request
  const { batch } = binding
  const keys = batch === undefined || batch.items !== undefined ? [] : batch.keys.map(({ match }) => match)
  const below = pathsBelow(mask.inside)
  const inside =
    mask.inside === undefined
      ? below
      : below.flatMap((path) => (path[0] === mask.inside && path.length > 1 ? [path.slice(1)] : []))
  const noted = read.get(binding.index) ?? { mask, paths: [], loader: source.kind !== 'call' }
  noted.paths.push(...inside, ...keys)
  read.set(binding.index, noted)
}

/** A mask of a binding holds for the whole operation, so that places that ask by one key share the answer. */
export const masksOf = (read: ReadByMasks, steps: readonly Step[]): ReadonlyMap<number, string> | undefined => {
  // A resolver may load any entity, and read of it what no selection says.
  const open = steps.some(({ source }) => source.kind === 'resolver')
  const masks = new Map<number, string>()
  for (const [index, { mask, paths, loader }] of read) {
    const text = loader && open ? undefined : maskText(mask, paths)
    if (text !== undefined) masks.set(index, text)
  }
  return masks.size === 0 ? undefined : masks
}

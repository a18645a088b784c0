import { isRawNumber } from '../../kernel/json.ts'
import type { Problem } from '../../kernel/problem.ts'
import { Fallback } from '../execute/stand-in.ts'
import { readField, typeNameOf, unwrapped } from '../execute/value.ts'
import type { Brought, Failure } from '../execute/write.ts'
import type { SelectedField, Selection, Shape } from '../plan/plan.ts'

type Path = readonly (string | number)[]

/** A place of an answer where no value is, or another than was asked for. */
export type Gap = {
  readonly path: Path
  readonly field: SelectedField
  /** The object that the field was read from; undefined where its parent is not there. */
  readonly owner: object | undefined
  /** What stood there before it was written: a raw value, an Error, or nothing. */
  readonly value: unknown
  /** What the answer says of it. */
  readonly problem: Problem | undefined
  readonly fallback: Failure['fallback']
  /** The place of the required value that took it away. */
  readonly lacks: Path | undefined
}

export type Answered = {
  readonly selection: Selection
  readonly root: object
  /** The answer's data, parsed; null where the root fell. */
  readonly data: unknown
  readonly failures: readonly Failure[]
  readonly brought: Pick<Brought, 'results'>
}

/**
 * Tells of every null of an answer and of every failure what stood there, in the order of the answer: a second pass
 * over what the calls brought, led by the answer itself. Fields of
 * calls of their own that are below a null are told last, each for the first such place.
 */
export const findGaps = ({ selection, root, data, failures, brought }: Answered, tell: (gap: Gap) => void): void => {
  const finder = new Finder(brought, failures, tell)
  if (data === null) finder.fallen(selection, root)
  else finder.object(selection, root, { data, path: [] })
  finder.rest()
}

/** A place in the answer, with what the answer has there. */
type At = { readonly data: unknown; readonly path: Path }

/** A place of a field: it may be one of the items of its list. */
type Found = { readonly field: SelectedField; readonly owner: object; readonly shape: Shape; readonly value: unknown }

class Finder {
  private readonly brought: Answered['brought']
  private readonly tell: (gap: Gap) => void
  /** Failures at a place and below it. */
  private readonly failures = new Map<string, Failure[]>()
  /** The first place of each field below a null. */
  private readonly later = new Map<SelectedField, Gap>()
  private readonly told = new Set<string>()

  constructor(brought: Answered['brought'], failures: readonly Failure[], tell: (gap: Gap) => void) {
    this.brought = brought
    this.tell = tell
    for (const failure of failures)
      for (let depth = 0; depth <= failure.path.length; depth += 1) {
        const name = nameOf(failure.path.slice(0, depth))
        const known = this.failures.get(name)
        if (known === undefined) this.failures.set(name, [failure])
        else known.push(failure)
      }
  }

  object({ fields }: Selection, owner: object, { data, path }: At): void {
    for (const field of fields) {
      if (field.value.kind === 'typename' || field.value.kind === 'introspection') continue
      const value = this.read(field, owner)
      const below = { data: (data as Readonly<Record<string, unknown>>)[field.key], path: [...path, field.key] }
      this.value({ field, owner, shape: field.shape, value }, below)
    }
  }

  /** What fell with the root. */
  fallen(selection: Selection, root: object): void {
    this.locate(this.failures.get(nameOf([])) ?? [], (path) => this.inside(selection, root, path, 0))
    this.below({ kind: 'object', nonNull: false, selection }, [])
  }

  /** What is below nulls, each field once. */
  rest(): void {
    for (const gap of this.later.values()) if (!this.told.has(nameOf(gap.path))) this.gap(gap)
  }

  private value(found: Found, { data, path }: At): void {
    if (data === null) return this.none(found, path)
    const { field, owner, shape } = found
    let { value } = found
    if (value instanceof Fallback) {
      const { problem, kind: fallback } = value
      this.gap({ path, field, owner, value, problem, fallback, lacks: undefined })
      value = value.value
    }
    if (shape.kind === 'list')
      for (const [index, item] of (value as readonly unknown[]).entries())
        this.value(
          { ...found, shape: shape.item, value: item },
          { data: (data as readonly unknown[])[index], path: [...path, index] },
        )
    const inner = this.objectIn(shape, value)
    if (inner !== undefined) this.object(inner.selection, inner.raw, { data, path })
  }

  /** A null of the answer: failed itself, fell with something below it, or was nothing to begin with. */
  private none(found: Found, path: Path): void {
    const { field, owner, shape, value } = found
    const failed = this.failures.get(nameOf(path)) ?? []
    const own = failed.find((failure) => failure.path.length === path.length)
    const below = failed.filter((failure) => failure.path.length > path.length)
    // Whatever fails after the required one is never looked at, so that the last is the one.
    const lacks = own === undefined ? below.at(-1)?.path : undefined
    this.gap({ path, field, owner, value, problem: own?.problem, fallback: own?.fallback, lacks })
    this.locate(below, (whole) => this.within(found, whole, path.length))
    this.below(shape, path)
  }

  private locate(failures: readonly Failure[], find: (path: Path) => Found | undefined): void {
    for (const { path, problem, fallback } of failures) {
      const found = find(path)
      if (found !== undefined) this.gap({ ...found, path, problem, fallback, lacks: undefined })
    }
  }

  /** What stands at the end of a path that goes on in an object. */
  private inside({ fields }: Selection, owner: object, path: Path, depth: number): Found | undefined {
    const field = fields.find(({ key }) => key === path[depth])
    if (field === undefined) return undefined
    return this.within({ field, owner, shape: field.shape, value: this.read(field, owner) }, path, depth + 1)
  }

  private within(found: Found, path: Path, depth: number): Found | undefined {
    if (depth === path.length) return found
    const { shape } = found
    const value = found.value instanceof Fallback ? found.value.value : found.value
    const next = path[depth]
    if (shape.kind === 'list' && typeof next === 'number' && Array.isArray(value))
      return this.within({ ...found, shape: shape.item, value: value[next] as unknown }, path, depth + 1)
    const inner = this.objectIn(shape, value)
    return inner === undefined ? undefined : this.inside(inner.selection, inner.raw, path, depth)
  }

  /** Fields of calls of their own that nobody asked for, or whose values fell: their parent is null. */
  private below(shape: Shape, path: Path): void {
    for (const { fields } of selectionsOf(shape))
      for (const field of fields) {
        const at = [...path, field.key]
        if (this.later.has(field)) continue
        const nothing = {
          owner: undefined,
          value: undefined,
          problem: undefined,
          fallback: undefined,
          lacks: undefined,
        }
        if (field.value.kind === 'step') this.later.set(field, { path: at, field, ...nothing })
        this.below(field.shape, at)
      }
  }

  private gap(gap: Gap): void {
    this.told.add(nameOf(gap.path))
    this.tell(gap)
  }

  private read({ value }: SelectedField, owner: object): unknown {
    return value.kind === 'step' ? this.brought.results[value.step.id]?.get(owner) : readField(owner, value)
  }

  /** The object that a value is, with the fields selected of it and what its loader had to add. */
  private objectIn(shape: Shape, value: unknown): { readonly selection: Selection; readonly raw: object } | undefined {
    if (shape.kind !== 'object' && shape.kind !== 'abstract') return undefined
    const selection =
      shape.kind === 'object' ? shape.selection : shape.selections.get(typeNameOf(value, shape.variant) ?? '')
    const raw = unwrapped(value)
    if (selection === undefined || raw === null || typeof raw !== 'object' || Array.isArray(raw) || isRawNumber(raw))
      return undefined
    const { completion } = selection
    const whole = completion === undefined ? undefined : this.brought.results[completion.id]?.get(raw)
    return { selection, raw: (whole as object | undefined) ?? raw }
  }
}

/** The selections that a value of this shape may have; several of an abstract type. */
const selectionsOf = (shape: Shape): readonly Selection[] => {
  switch (shape.kind) {
    case 'leaf':
      return []
    case 'list':
      return selectionsOf(shape.item)
    case 'object':
      return [shape.selection]
    case 'abstract':
      return [...shape.selections.values()]
  }
}

const nameOf = (path: Path): string => JSON.stringify(path)

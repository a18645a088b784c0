import type { FieldNode } from 'graphql'
import { isRawNumber } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import type { AccessRule } from '../graph.ts'
import type { SelectedField, Selection, Shape } from '../plan/plan.ts'
import { completeLeaf } from './leaf.ts'
import { Fallback } from './stand-in.ts'
import { readField, typeNameOf, unwrapped } from './value.ts'

/** A field of the answer that is not there, and why. */
export type Failure = {
  readonly problem: Problem
  readonly path: readonly (string | number)[]
  readonly coordinate: string
  readonly node: FieldNode
  /** What stands in its place; undefined where nothing does. */
  readonly fallback: 'stale' | 'value' | undefined
}

/** What the calls of an operation brought, and what of it the caller may see. */
export type Brought = {
  /** By step id. */
  readonly results: readonly (ReadonlyMap<object, unknown> | undefined)[]
  readonly refused: (rules: readonly AccessRule[]) => Problem | undefined
  readonly introspection: Readonly<Record<string, unknown>> | undefined
}

export type Written = {
  readonly text: string | undefined
  readonly failures: readonly Failure[]
  /** Response keys of the root's fields that are null. */
  readonly absent: readonly string[]
  /** The same object for the same text, where that was known again: what is made of the text can be remembered by it. */
  readonly same?: object | undefined
}

/**
 * Writes the answer as JSON text of what the calls brought: coerces leaves, orders fields as asked, and lets errors
 * take the nearest nullable field with them (GraphQL specification §6.4.4); undefined where they took the root.
 * Synchronous; no promise and no object for any object of the answer.
 */
export const writeAnswer = (selection: Selection, root: object, brought: Brought): Written => {
  const writer = new Writer(brought)
  const there = writer.object(selection, root)
  return { text: there ? writer.text : undefined, failures: writer.failures, absent: writer.absent }
}

/** Every method appends JSON text and says whether a value is there: without a required one, its parent falls with it. */
class Writer {
  text = ''
  readonly failures: Failure[] = []
  readonly absent: string[] = []
  private readonly brought: Brought
  /** Where we are; `depth` says how much of it counts. */
  private readonly path: (string | number)[] = []
  private depth = 0
  private written: Map<Selection, Map<object, string>> | undefined

  constructor(brought: Brought) {
    this.brought = brought
  }

  object({ typeName, fields }: Selection, raw: object): boolean {
    if (fields.length === 0) return this.add('{}')
    for (let index = 0; index < fields.length; index += 1) {
      const field = fields[index] as SelectedField
      this.text += field.label
      const { member } = field
      if (member !== undefined) {
        const text = plainLeaf(field.leaf, (raw as Record<string, unknown>)[member])
        if (text !== undefined) {
          this.text += text
          continue
        }
      }
      this.path[this.depth++] = field.key
      const there = field.value.kind === 'typename' ? this.add(`"${typeName}"`) : this.field(field, raw)
      this.depth -= 1
      if (!there) return false
    }
    this.text += '}'
    return true
  }

  /** What many places show of one entity is written once, unless something of it failed: a failure has a place. */
  private once(selection: Selection, raw: object): boolean {
    const all = (this.written ??= new Map<Selection, Map<object, string>>())
    let written = all.get(selection)
    if (written === undefined) all.set(selection, (written = new Map()))
    const known = written.get(raw)
    if (known !== undefined) return this.add(known)
    const { text } = this
    const failures = this.failures.length
    this.text = ''
    const there = this.object(selection, raw)
    if (there && this.failures.length === failures) written.set(raw, this.text)
    this.text = text + this.text
    return there
  }

  private field(field: SelectedField, raw: object): boolean {
    const { value, shape, rules } = field
    if (value.kind === 'introspection') return this.add(JSON.stringify(this.brought.introspection?.[field.key] ?? null))
    const refused = rules.length === 0 ? undefined : this.brought.refused(rules)
    if (refused !== undefined) return this.fail(field, shape, refused)
    const found = value.kind === 'step' ? this.brought.results[value.step.id]?.get(raw) : readField(raw, value)
    return this.value(field, shape, found)
  }

  private value(field: SelectedField, shape: Shape, value: unknown): boolean {
    if (value === null || value === undefined)
      return shape.nonNull
        ? this.fail(field, shape, absent(field, value, typeof this.path[this.depth - 1] === 'number'))
        : this.nothing(field)
    if (value instanceof Error) {
      if (!(value instanceof Fallback)) return this.fail(field, shape, asProblem(value))
      this.note(field, value.problem, value.kind)
      return this.value(field, shape, value.value)
    }
    switch (shape.kind) {
      case 'leaf':
        return this.leaf(field, shape, value)
      case 'list':
        return Array.isArray(value) ? this.list(field, shape, value) : this.fail(field, shape, unlike(field, 'a list'))
      case 'object': {
        if (typeof value !== 'object' || Array.isArray(value) || isRawNumber(value))
          return this.fail(field, shape, unlike(field, 'an object'))
        const { text } = this
        const raw = this.whole(shape.selection, value)
        const there = isShared(field) ? this.once(shape.selection, raw) : this.object(shape.selection, raw)
        return there || this.fallen(field, shape, text)
      }
      case 'abstract': {
        const selection = shape.selections.get(typeNameOf(value, shape.variant) ?? '')
        const raw = unwrapped(value)
        if (selection === undefined || raw === null || typeof raw !== 'object')
          return this.fail(field, shape, unlike(field, `one of the types of ${shape.name}`))
        const refused = this.brought.refused(selection.rules)
        if (refused !== undefined) return this.fail(field, shape, refused)
        const { text } = this
        return this.object(selection, this.whole(selection, raw)) || this.fallen(field, shape, text)
      }
    }
  }

  /** An entity with what its loader had to add. */
  private whole({ completion }: Selection, raw: object): object {
    if (completion === undefined) return raw
    return (this.brought.results[completion.id]?.get(raw) as object | undefined) ?? raw
  }

  private leaf(field: SelectedField, shape: Extract<Shape, { kind: 'leaf' }>, value: unknown): boolean {
    const leaf = completeLeaf(shape, value, sourceOf(field))
    if (leaf instanceof Problem) return this.fail(field, shape, leaf)
    if (leaf === null && shape.nonNull) return this.fail(field, shape, absent(field, leaf, false))
    return leaf === null ? this.nothing(field) : this.add(JSON.stringify(leaf))
  }

  private list(field: SelectedField, shape: Extract<Shape, { kind: 'list' }>, values: readonly unknown[]): boolean {
    const { text } = this
    this.text += '['
    for (let index = 0; index < values.length; index += 1) {
      if (index > 0) this.text += ','
      this.path[this.depth++] = index
      const there = this.value(field, shape.item, values[index])
      this.depth -= 1
      if (!there) return this.fallen(field, shape, text)
    }
    return this.add(']')
  }

  private add(text: string): true {
    this.text += text
    return true
  }

  private nothing({ key }: SelectedField): true {
    if (this.depth === 1) this.absent.push(key)
    return this.add('null')
  }

  /** What a fallen child leaves: nothing here, or null where that is allowed. */
  private fallen(field: SelectedField, shape: Shape, before: string): boolean {
    this.text = before
    return !shape.nonNull && this.nothing(field)
  }

  private fail(field: SelectedField, shape: Shape, problem: Problem): boolean {
    this.note(field, problem, undefined)
    return !shape.nonNull && this.nothing(field)
  }

  private note({ coordinate, node }: SelectedField, problem: Problem, fallback: Failure['fallback']): void {
    this.failures.push({ problem, path: this.path.slice(0, this.depth), coordinate, node, fallback })
  }
}

/** Most leaves are what their type says: text, whole numbers, truth. Undefined for what needs a closer look. */
const plainLeaf = (leaf: SelectedField['leaf'], value: unknown): string | undefined => {
  if (typeof value === 'string') return leaf === 'text' ? JSON.stringify(value) : undefined
  if (leaf === 'int') return typeof value === 'number' && (value | 0) === value ? String(value) : undefined
  return leaf === 'truth' && typeof value === 'boolean' ? String(value) : undefined
}

/** Whether several places may hold the same object: a batch gives every asker of a key one and the same. */
const isShared = ({ value }: SelectedField): boolean => value.kind === 'step' && value.step.binding?.batch !== undefined

/** A call that came to nothing, or an entity that is not there, was not found; an item that is null is lacking from an answer that came. */
const absent = (field: SelectedField, found: null | undefined, isItem: boolean): Problem => {
  const { coordinate, value } = field
  if (value.kind !== 'step' || (isItem && value.step.source.kind !== 'load')) return lacked(field, found)
  return new Problem('NOT_FOUND', `${coordinate} was not found.`, serviceOf(value.step.binding?.request.service))
}

const lacked = (field: SelectedField, found: null | undefined): Problem => {
  const by = sourceOf(field)
  return new Problem(
    'UNAVAILABLE',
    `${field.coordinate} is required, but the answer of ${by ?? 'its source'} lacks it.`,
    { status: 502, reason: found === null ? 'UPSTREAM_NULL' : 'PATH_MISSING', ...serviceOf(by) },
  )
}

/** The service that a field's value came from. */
const sourceOf = ({ value, service }: SelectedField): string | undefined =>
  value.kind === 'step' ? (value.step.binding?.request.service ?? service) : service

const unlike = (field: SelectedField, expected: string): Problem => {
  const by = sourceOf(field)
  return new Problem(
    'UNAVAILABLE',
    `${field.coordinate} should be ${expected}, but ${by ?? 'its source'} answered something else.`,
    { status: 502, reason: 'TYPE_MISMATCH', ...serviceOf(by) },
  )
}

const serviceOf = (service: string | undefined): { readonly service?: string } =>
  service === undefined ? {} : { service }

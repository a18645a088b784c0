import type { FieldNode } from 'graphql'
import { isRawNumber, type Json } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import type { AccessRule } from '../graph.ts'
import type { SelectedField, Selection, Shape } from '../plan/plan.ts'
import { completeLeaf } from './leaf.ts'
import { readField, typeNameOf, unwrapped } from './value.ts'

/** A field of the answer that is not there, and why. */
export type Failure = {
  readonly problem: Problem
  readonly path: readonly (string | number)[]
  readonly coordinate: string
  readonly node: FieldNode
}

export type Projection = {
  /** By step id. */
  readonly results: readonly (ReadonlyMap<object, unknown> | undefined)[]
  readonly refused: (rules: readonly AccessRule[]) => Problem | undefined
  readonly introspection: Readonly<Record<string, unknown>> | undefined
}

/** A required value is not there: the parent falls with it. */
const fallen = Symbol('fallen')

type Completed = Json | Record<string, unknown> | unknown[] | null | typeof fallen

/**
 * Makes the answer of what the calls brought: coerces leaves, orders fields as asked, and lets errors take the
 * nearest nullable field with them (GraphQL specification §6.4.4). Synchronous; no promise for any object.
 */
export const project = (
  selection: Selection,
  root: object,
  projection: Projection,
): { readonly data: Record<string, unknown> | null; readonly failures: readonly Failure[] } => {
  const failures: Failure[] = []
  const data = new Projector(projection, failures).object(selection, root)
  return { data: data === fallen ? null : data, failures }
}

class Projector {
  private readonly projection: Projection
  private readonly failures: Failure[]
  /** Where we are; `depth` says how much of it counts. */
  private readonly path: (string | number)[] = []
  private depth = 0
  private readonly made = new Map<Selection, Map<object, Record<string, unknown>>>()

  constructor(projection: Projection, failures: Failure[]) {
    this.projection = projection
    this.failures = failures
  }

  object({ typeName, fields }: Selection, raw: object): Record<string, unknown> | typeof fallen {
    const object: Record<string, unknown> = {}
    for (const field of fields) {
      const { key } = field
      this.path[this.depth++] = key
      const value = field.value.kind === 'typename' ? typeName : this.field(field, raw)
      this.depth -= 1
      if (value === fallen) return fallen
      if (key === '__proto__')
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
      else object[key] = value
    }
    return object
  }

  /** What many places show of one entity is made once, unless something of it failed: a failure has a place. */
  private once(selection: Selection, raw: object): Record<string, unknown> | typeof fallen {
    let made = this.made.get(selection)
    if (made === undefined) this.made.set(selection, (made = new Map()))
    const known = made.get(raw)
    if (known !== undefined) return known
    const before = this.failures.length
    const object = this.object(selection, raw)
    if (object !== fallen && this.failures.length === before) made.set(raw, object)
    return object
  }

  private field(field: SelectedField, raw: object): Completed {
    const { value, shape, rules } = field
    if (value.kind === 'introspection') return (this.projection.introspection?.[field.key] ?? null) as Completed
    const refused = rules.length === 0 ? undefined : this.projection.refused(rules)
    if (refused !== undefined) return this.fail(field, shape, refused)
    const found = value.kind === 'step' ? this.projection.results[value.step.id]?.get(raw) : readField(raw, value)
    return this.complete(field, shape, found)
  }

  private complete(field: SelectedField, shape: Shape, value: unknown): Completed {
    if (value === null || value === undefined) return shape.nonNull ? this.fail(field, shape, absent(field)) : null
    if (value instanceof Error) return this.fail(field, shape, asProblem(value))
    switch (shape.kind) {
      case 'leaf': {
        const leaf = completeLeaf(shape, value, sourceOf(field))
        if (leaf instanceof Problem) return this.fail(field, shape, leaf)
        return leaf === null && shape.nonNull ? this.fail(field, shape, absent(field)) : leaf
      }
      case 'list':
        return Array.isArray(value) ? this.list(field, shape, value) : this.fail(field, shape, unlike(field, 'a list'))
      case 'object':
        return typeof value === 'object' && !Array.isArray(value) && !isRawNumber(value)
          ? this.below(shape, isShared(field) ? this.once(shape.selection, value) : this.object(shape.selection, value))
          : this.fail(field, shape, unlike(field, 'an object'))
      case 'abstract': {
        const selection = shape.selections.get(typeNameOf(value) ?? '')
        const raw = unwrapped(value)
        if (selection === undefined || raw === null || typeof raw !== 'object')
          return this.fail(field, shape, unlike(field, `one of the types of ${shape.name}`))
        const refused = this.projection.refused(selection.rules)
        return refused === undefined ? this.below(shape, this.object(selection, raw)) : this.fail(field, shape, refused)
      }
    }
  }

  private list(field: SelectedField, shape: Extract<Shape, { kind: 'list' }>, values: readonly unknown[]): Completed {
    const list: unknown[] = []
    for (let index = 0; index < values.length; index += 1) {
      this.path[this.depth++] = index
      const item = this.complete(field, shape.item, values[index])
      this.depth -= 1
      if (item === fallen) return this.below(shape, fallen)
      list.push(item)
    }
    return list
  }

  /** What a fallen child leaves: nothing here, or null where that is allowed. */
  private below(shape: Shape, value: Record<string, unknown> | typeof fallen): Completed {
    return value === fallen && !shape.nonNull ? null : value
  }

  private fail(field: SelectedField, shape: Shape, problem: Problem): null | typeof fallen {
    this.failures.push({
      problem,
      path: this.path.slice(0, this.depth),
      coordinate: field.coordinate,
      node: field.node,
    })
    return shape.nonNull ? fallen : null
  }
}

/** Whether several places may hold the same object: a batch gives every asker of a key one and the same. */
const isShared = ({ value }: SelectedField): boolean => value.kind === 'step' && value.step.binding?.batch !== undefined

const absent = ({ coordinate, value, service }: SelectedField): Problem => {
  if (value.kind === 'step')
    return new Problem('NOT_FOUND', `${coordinate} was not found.`, serviceOf(value.step.binding?.request.service))
  return new Problem(
    'UNAVAILABLE',
    `${coordinate} is required, but the answer of ${service ?? 'its source'} lacks it.`,
    { status: 502, ...serviceOf(service) },
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
    { status: 502, ...serviceOf(by) },
  )
}

const serviceOf = (service: string | undefined): { readonly service?: string } =>
  service === undefined ? {} : { service }

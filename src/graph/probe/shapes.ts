import {
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { type Code, codeEntry } from '../../kernel/codes/codes.ts'
import type { Diagnostic } from '../../kernel/diagnostic.ts'
import { isRawNumber, type Json } from '../../kernel/json.ts'
import { Problem } from '../../kernel/problem.ts'
import { placeOfNode } from '../bind/sdl.ts'
import { completeLeaf } from '../execute/leaf.ts'
import { type Binding, type Graph, isInline } from '../graph.ts'
import { dig } from '../template.ts'

/** Objects of a type that are kept to ask further with, and items of a list that are looked at. */
const kept = 3
const looked = 100

type Seen = { objects: number; values: number }
type At = { readonly coordinate: string; readonly binding: Binding }

/** Holds what services answered against what the schema says of it; differences are told once for each coordinate. */
export class Shapes {
  private readonly graph: Graph
  private readonly found = new Map<string, Diagnostic>()
  private readonly seen = new Map<string, Seen>()
  private readonly objects = new Map<string, object[]>()

  constructor(graph: Graph) {
    this.graph = graph
  }

  /** Raw objects of a type that answers held, to ask further with. */
  objectsOf(type: string): readonly object[] {
    return this.objects.get(type) ?? []
  }

  /** Looks at one value that a binding gave; `type` is what the schema says it is. */
  look(value: unknown, type: GraphQLOutputType, at: At): void {
    if (isNonNullType(type)) {
      if (value === null || value === undefined)
        return this.tell(at, 'PORTICO-952', `${at.coordinate} is non-null, but its value was null.`)
      return this.look(value, type.ofType, at)
    }
    if (value === null || value === undefined) return
    if (isListType(type)) {
      if (!Array.isArray(value)) return this.other(at, String(type), value)
      for (const item of value.slice(0, looked) as unknown[]) this.look(item, type.ofType, at)
      return
    }
    if (isLeafType(type)) return this.lookAtLeaf(value, type, at)
    if (typeof value !== 'object' || Array.isArray(value) || isRawNumber(value))
      return this.other(at, String(type), value)
    const object = isAbstractType(type) ? this.variantOf(value, type.name) : type
    if (object === undefined)
      return this.tell(at, 'PORTICO-953', `The answer does not tell which type of ${type.name} it is.`)
    if (isObjectType(object)) this.lookAtObject(value, object, at.binding)
  }

  /** Tells a difference that is not one of a value's type. */
  tell({ coordinate }: Pick<At, 'coordinate'>, code: Code, message: string): void {
    const [typeName = '', fieldName] = coordinate.split('.')
    const type = this.graph.schema.getType(typeName)
    const field = isObjectType(type) && fieldName !== undefined ? type.getFields()[fieldName] : undefined
    const node = field?.astNode ?? type?.astNode
    const key = `${code} ${coordinate}`
    if (!node || this.found.has(key)) return
    this.found.set(key, {
      severity: codeEntry(code)?.severity ?? 'error',
      code,
      place: placeOfNode(node),
      coordinate,
      message,
    })
  }

  diagnostics(): readonly Diagnostic[] {
    for (const [coordinate, { objects, values }] of this.seen)
      if (values === 0)
        this.tell(
          { coordinate },
          'PORTICO-951',
          `${coordinate} was in none of ${objects} answered object${objects === 1 ? '' : 's'}: name the field of the service by @from(path: "…"), or remove it.`,
        )
    return [...this.found.values()]
  }

  private lookAtLeaf(value: unknown, type: Parameters<typeof completeLeaf>[0]['type'], at: At): void {
    const completed =
      typeof value === 'object' && !isRawNumber(value) && getNamedType(type).name !== 'JSON'
        ? undefined
        : completeLeaf({ type, spellings: this.graph.enums.get(type.name) }, value, undefined)
    if (completed === undefined) return this.other(at, type.name, value)
    if (!(completed instanceof Problem)) {
      const plain = plainly[type.name]
      if (plain !== undefined && plain !== kindOf(value))
        this.tell(
          at,
          'PORTICO-956',
          `${at.coordinate} is ${type.name}, but its value was ${described(value as Json)}, which is converted as long as it can be.`,
        )
      return
    }
    if (completed.reason === 'ENUM_UNKNOWN')
      this.tell(
        at,
        'PORTICO-954',
        `${at.coordinate} was ${JSON.stringify(value)}, which ${type.name} has no value for; map it by @from(enum: ["…"]), or "*" for all others.`,
      )
    else this.other(at, type.name, value)
  }

  private lookAtObject(value: object, type: GraphQLObjectType, binding: Binding): void {
    const kind = this.objects.get(type.name) ?? []
    if (kind.length < kept) this.objects.set(type.name, [...kind, value])
    // Parts of an entity inside of another's answer may lack what its loader completes; a proto says itself what it has.
    const whole = !this.graph.entities.has(type.name) || this.graph.entities.get(type.name)?.binding === binding
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`
      const source = this.graph.fields.get(coordinate)?.source
      if (source === undefined || !isInline(source) || source.kind === 'case' || source.kind === 'oneof') continue
      const found = dig(value, source.path)
      if (found === undefined && !whole) continue
      if (binding.request.kind === 'rest') this.count(coordinate, found !== undefined)
      if (source.kind === 'entries') continue
      if (found !== undefined || binding.request.kind === 'grpc') this.look(found, field.type, { coordinate, binding })
      else if (isNonNullType(field.type))
        this.tell(
          { coordinate },
          'PORTICO-952',
          `${coordinate} is non-null, but an answered object has no ${source.path.join('.')}; it has ${namesOf(value)}.`,
        )
    }
  }

  private count(coordinate: string, came: boolean): void {
    const seen = this.seen.get(coordinate) ?? { objects: 0, values: 0 }
    this.seen.set(coordinate, { objects: seen.objects + 1, values: seen.values + (came ? 1 : 0) })
  }

  private variantOf(value: object, name: string): GraphQLObjectType | undefined {
    const rule = this.graph.variants.get(name)
    const told = dig(value, rule?.by ?? ['__typename'])
    const typeName = rule === undefined ? told : (rule.types.get(String(told)) ?? rule.fallback)
    const type = typeof typeName === 'string' ? this.graph.schema.getType(typeName) : undefined
    return isObjectType(type) ? type : undefined
  }

  private other(at: At, type: string, value: unknown): void {
    this.tell(at, 'PORTICO-953', `${at.coordinate} is ${type}, but its value was ${described(value as Json)}.`)
  }
}

/** What the scalars of GraphQL are in JSON; graphql-js converts others where it can. */
const plainly: Readonly<Record<string, string>> = {
  Int: 'number',
  Float: 'number',
  String: 'string',
  Boolean: 'boolean',
}

const kindOf = (value: unknown): string => (isRawNumber(value) ? 'number' : typeof value)

const namesOf = (value: object): string => {
  const names = Object.keys(value)
  return names.length === 0 ? 'no members' : `${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`
}

/** What a value is, never the value of a text: answers hold what is nobody's to see in a log. */
const described = (value: Json): string => {
  if (Array.isArray(value)) return 'a list'
  if (isRawNumber(value) || typeof value === 'number') return `the number ${isRawNumber(value) ? value.rawJSON : value}`
  if (typeof value === 'object') return `an object with ${namesOf(value ?? {})}`
  return typeof value === 'string' ? 'a text' : String(value)
}

import type { GraphQLSchema } from 'graphql'
import type { Json } from '../kernel/json.ts'
import type { RequestTemplate } from './request.ts'
import type { Template } from './template.ts'

/** A schema whose every field knows where its value comes from. Pure data: printable, checked, nothing opened. */
export type Graph = {
  /** With internal fields and directives: what plans are made against. */
  readonly schema: GraphQLSchema
  /** What clients see: no internal fields, no words of ours. */
  readonly clientSchema: GraphQLSchema
  /** By coordinate, `Type.field`. */
  readonly fields: ReadonlyMap<string, Field>
  /** By type name. */
  readonly entities: ReadonlyMap<string, Entity>
  /** Every binding, in document order; `binding.index` is its place here. */
  readonly bindings: readonly Binding[]
  /** Spellings of enum values upstream, by enum type. */
  readonly enums: ReadonlyMap<string, EnumSpellings>
  /** The access rule of an object type, added to every field that returns it. */
  readonly typeRules: ReadonlyMap<string, AccessRule>
  /** The default rule of root fields. */
  readonly rootRule: AccessRule | undefined
  /** Names of the TypeScript functions it needs. */
  readonly resolvers: ReadonlySet<string>
}

export type Field = {
  readonly coordinate: string
  readonly source: Source
  /** The field's own `@auth`; on root fields it replaces the schema's, elsewhere it adds. */
  readonly rule: AccessRule | undefined
  readonly listSize: ListSize | undefined
}

/** Where a field's value comes from. */
export type Source =
  /** Out of the parent's upstream object. */
  | { readonly kind: 'read'; readonly path: readonly string[] }
  /** Out of whichever case of a oneof is set; the field is a union of the cases' types. */
  | { readonly kind: 'oneof'; readonly cases: readonly OneofCase[] }
  /** From a call of its own. */
  | { readonly kind: 'call'; readonly binding: Binding }
  /** From the loader of the entity it returns. */
  | { readonly kind: 'load'; readonly entity: Entity; readonly key: Template }
  /** From a TypeScript function. */
  | ResolverSource

export type OneofCase = { readonly name: string; readonly type: string }

export type ResolverSource = {
  readonly kind: 'resolver'
  readonly fn: string
  /** Fields of the parent the function needs, as a GraphQL selection without braces; empty for none. */
  readonly needs: string
  /** Services it may call. */
  readonly calls: readonly string[]
}

/** A type with a key and a loader. */
export type Entity = { readonly type: string; readonly key: string; readonly binding: Binding }

/** One declared way to ask a service. */
export type Binding = {
  readonly index: number
  /** Where it is declared: `User` for a loader, `User.orders` for a field. */
  readonly coordinate: string
  readonly request: RequestTemplate
  /** Path of the value in the answer; empty for the whole. */
  readonly select: readonly string[]
  readonly batch: Batch | undefined
  /** How many parents at most may make a call each; undefined where the field is not under a list. */
  readonly fanout: number | undefined
  /** Whether "not found" is a plain null. */
  readonly notFound: 'NULL' | 'ERROR'
  /** Milliseconds of one attempt, where tighter than the service's own. */
  readonly timeoutMs: number | undefined
  /** Safe calls change nothing upstream: they may be shared, started early and repeated. */
  readonly safe: boolean
  /** Which numbers of the answer must stay exact. */
  readonly exact: 'integers' | 'all'
}

/** A binding whose one call serves many keys. */
export type Batched = Binding & { readonly batch: Batch }

export const isBatched = (binding: Binding): binding is Batched => binding.batch !== undefined

export type Batch = {
  /** Name after `keys.` in the request: the parent's (or entity's) field whose values are the keys. */
  readonly keyField: string
  /** Path of that field in the raw parent. */
  readonly keyPath: readonly string[]
  /** Whether keys are ids, compared and sent as strings. */
  readonly keyIsId: boolean
  /** Path inside each returned item that equals the key. */
  readonly match: readonly string[]
  /** Path inside each returned item to the group's items; undefined where items stand alone. */
  readonly items: readonly string[] | undefined
  /** Whether a key has many items: the field is a list. */
  readonly grouped: boolean
  readonly max: number
  /** What a key becomes that the service does not return; an empty list by default where the field is a list. */
  readonly missing: 'NULL' | 'ERROR' | 'EMPTY'
}

/** Who may see a field: outer list OR, inner AND. */
export type AccessRule = {
  readonly public: boolean
  readonly scopes: readonly (readonly string[])[]
  readonly claims: Readonly<Record<string, Json>>
}

export type ListSize = {
  readonly assumedSize: number | undefined
  readonly slicingArguments: readonly string[]
  readonly sizedFields: readonly string[]
}

/** Names of one enum's values by what services write, and what stands for anything else. */
export type EnumSpellings = {
  readonly names: ReadonlyMap<string, string>
  readonly fallback: string | undefined
}

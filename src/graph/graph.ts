import type { GraphQLSchema } from 'graphql'
import type { AccessRule as Access } from '../kernel/access.ts'
import type { Json } from '../kernel/json.ts'
import type { IdentityHeaderNames } from '../services/identity/headers.ts'
import type { RequestTemplate } from './request.ts'
import type { Template } from './template.ts'
import type { Verdicts } from './verdicts.ts'

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
  /** How an answer tells the type of an interface or union, where not by `__typename`; by its name. */
  readonly variants: ReadonlyMap<string, VariantRule>
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
  /** What stands in for its value when its call fails; undefined where nothing does. */
  readonly fallback: FallbackRule | undefined
  /** How often it may be asked for. */
  readonly limits: readonly FieldLimit[]
}

/** One `@rateLimit`. */
export type FieldLimit = {
  readonly name: string
  readonly limit: number
  readonly windowMs: number
  readonly kind: 'fixed' | 'sliding'
  readonly by: readonly ('user' | 'key' | 'plan' | 'ip' | 'global' | { readonly claim: string })[]
}

export type FallbackRule = {
  /** As the service would write it; undefined where there is none. */
  readonly value: { readonly raw: Json } | undefined
  /** How old the last good value may be, in milliseconds; undefined where none is kept. */
  readonly staleMs: number | undefined
  /** Whether the service is told who asks, so that a value is kept for one caller alone. */
  readonly personal: boolean
}

/** Where a field's value comes from. */
export type Source =
  | InlineSource
  /** From a call of its own. */
  | { readonly kind: 'call'; readonly binding: Binding }
  /** From the loader of the entity it returns. */
  | LoadSource
  /** From a TypeScript function. */
  | ResolverSource

/** Out of the object that the parent is: no call. */
export type InlineSource =
  | { readonly kind: 'read'; readonly path: readonly string[] }
  /** A map as a list of entries with `key` and `value`. */
  | { readonly kind: 'entries'; readonly path: readonly string[] }
  /** Whichever case of a oneof is set; the field is a union of the cases' types. */
  | { readonly kind: 'oneof'; readonly cases: readonly OneofCase[] }
  /** The name of the case that is set, as services spell it; the field is an enum. */
  | { readonly kind: 'case'; readonly names: readonly string[] }

/** From the loader of the entity that the field returns. */
export type LoadSource = {
  readonly kind: 'load'
  readonly entity: Entity
  /** Where the value of each key field comes from, in the order of `entity.keys`. */
  readonly by: readonly Template[]
}

const inlineKinds: ReadonlySet<string> = new Set<InlineSource['kind']>(['read', 'entries', 'oneof', 'case'])

export const isInline = (source: Source): source is InlineSource => inlineKinds.has(source.kind)

export type OneofCase = { readonly name: string; readonly type: string }

export type ResolverSource = {
  readonly kind: 'resolver'
  readonly fn: string
  /** Fields of the parent the function needs, as a GraphQL selection without braces; empty for none. */
  readonly needs: string
  /** Services it may call. */
  readonly calls: readonly string[]
  /** Whether equal parents and arguments make an equal value: it is given nothing else. */
  readonly pure: boolean
}

/** A type with a key and a loader. */
export type Entity = {
  readonly type: string
  /** The fields that identify it; a key of several is an object of their values, in this order. */
  readonly keys: readonly KeyField[]
  readonly binding: Binding
}

/** One field of a key. */
export type KeyField = {
  readonly name: string
  /** Its path in the raw object. */
  readonly path: readonly string[]
  /** Whether its values are ids, compared and sent as strings. */
  readonly isId: boolean
}

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
  /** What the service is told of the caller beside that: calls for callers of whom it hears the same are the same. */
  readonly told?: IdentityHeaderNames
  /** Whether the service gets the caller's credentials. */
  readonly forwards: boolean
  /** Whether the answer holds nothing, so that the field is true once the call is done. */
  readonly nothing: boolean
  /** Whether "not found" is a plain null. */
  readonly notFound: 'NULL' | 'ERROR'
  /** What in an answer says that the call failed; undefined where nothing does. */
  readonly verdicts?: Verdicts | undefined
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
  /** Names after `keys.` in the request: the parent's (or entity's) fields whose values are the keys, and what equals each. */
  readonly keys: readonly BatchKey[]
  /** Path inside each returned item to the group's items; undefined where items stand alone. */
  readonly items: readonly string[] | undefined
  /** Whether a key has many items: the field is a list. */
  readonly grouped: boolean
  readonly max: number
  /** What a key becomes that the service does not return; an empty list by default where the field is a list. */
  readonly missing: 'NULL' | 'ERROR' | 'EMPTY'
}

export type BatchKey = KeyField & {
  /** Path inside each returned item that equals the value. */
  readonly match: readonly string[]
}

/** Who may see a field. */
export type AccessRule = Access & {
  /** In a plan, where a rule compares arguments: those of its field. Throws INVALID_ARGUMENT. */
  readonly argumentsOf?: (variables: Readonly<Record<string, unknown>>) => object
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

/** Which object type an answer of an abstract type is: by the value at a path. */
export type VariantRule = {
  readonly by: readonly string[]
  readonly types: ReadonlyMap<string, string>
  /** The type of any other value; undefined where such an answer is an error. */
  readonly fallback: string | undefined
}

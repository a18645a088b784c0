import type { FieldNode, GraphQLField, GraphQLLeafType, OperationDefinitionNode } from 'graphql'
import type { AccessRule, Binding, Entity, EnumSpellings, OneofCase, ResolverSource } from '../graph.ts'
import type { Template } from '../template.ts'

/** What one operation will do, known before it runs. A data structure: executed, explained and counted alike. */
export type OperationPlan = {
  readonly operation: OperationDefinitionNode
  readonly kind: 'query' | 'mutation' | 'subscription'
  readonly root: Selection
  /** Every step, parents before children; `step.id` is its place here. */
  readonly steps: readonly Step[]
  /** Arguments that say how long a list may get. */
  readonly slices: readonly Slice[]
  /** Steps of root fields, in the order of the operation. */
  readonly tops: readonly Step[]
}

/** The fields of one object, in the order of the answer. */
export type Selection = {
  readonly typeName: string
  /** The type's own rules, where its place may hold several types; elsewhere they are the field's. */
  readonly rules: readonly AccessRule[]
  readonly fields: readonly SelectedField[]
}

export type SelectedField = {
  /** The name in the answer: alias or field name. */
  readonly key: string
  readonly coordinate: string
  readonly node: FieldNode
  readonly value: FieldValue
  /** All must allow the caller. */
  readonly rules: readonly AccessRule[]
  readonly shape: Shape
  /** Whose answer a plain field is read from. */
  readonly service: string | undefined
}

export type FieldValue =
  | { readonly kind: 'read'; readonly path: readonly string[] }
  | { readonly kind: 'oneof'; readonly cases: readonly OneofCase[] }
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'typename' }
  | { readonly kind: 'introspection'; readonly nodes: readonly FieldNode[] }

/** How a raw value becomes a value of the answer. */
export type Shape =
  | {
      readonly kind: 'leaf'
      readonly nonNull: boolean
      readonly type: GraphQLLeafType
      readonly spellings: EnumSpellings | undefined
    }
  | { readonly kind: 'list'; readonly nonNull: boolean; readonly item: Shape }
  | { readonly kind: 'object'; readonly nonNull: boolean; readonly selection: Selection }
  | {
      readonly kind: 'abstract'
      readonly nonNull: boolean
      readonly name: string
      readonly selections: ReadonlyMap<string, Selection>
    }

/** One binding at one place of the operation, run once for all parents that stand there. */
export type Step = {
  readonly id: number
  readonly coordinate: string
  /** Response keys from the root, without list positions. */
  readonly path: readonly string[]
  /** Steps of one level run in parallel; a child is one level below its parent unless it starts early. */
  readonly level: number
  readonly parent: Step | undefined
  /** The way from the parent step's value to the objects that own this field. */
  readonly hops: readonly Hop[]
  /** What the owning object must be, where its place may hold several types. */
  readonly on: string | undefined
  readonly source: StepSource
  readonly field: GraphQLField<unknown, unknown>
  readonly node: FieldNode
  /** The arguments, where no variable has a part in them. */
  readonly fixedArgs: Readonly<Record<string, unknown>> | undefined
  readonly rules: readonly AccessRule[]
  /** Whether it needs nothing of its parent but the key the parent is loaded by, and so starts with it. */
  readonly early: boolean
  /** Sizes of the lists between the parent step's value and the owners, the value's own included. */
  readonly sizes: readonly ListBound[]
  /** The size of the field's own list; undefined where it is none. */
  readonly own: ListBound | undefined
  /** The binding behind the step; undefined for a resolver. */
  readonly binding: Binding | undefined
  /** Filled while planning, never after. */
  readonly children: readonly Step[]
}

export type StepSource =
  | { readonly kind: 'call'; readonly binding: Binding }
  | { readonly kind: 'load'; readonly entity: Entity; readonly key: Template }
  | (ResolverSource & { readonly selection: Selection })

/** One read from an object to what stands in one of its fields. */
export type Hop = {
  /** What the object must be, where its place may hold several types. */
  readonly on: string | undefined
  readonly value:
    | { readonly kind: 'read'; readonly path: readonly string[] }
    | { readonly kind: 'oneof'; readonly cases: readonly OneofCase[] }
  readonly rules: readonly AccessRule[]
}

/** The arguments of one field that slice its list. */
export type Slice = {
  readonly kind: 'argument'
  readonly field: GraphQLField<unknown, unknown>
  readonly node: FieldNode
  readonly names: readonly string[]
}

/** What is known of a list's length: an argument's value, an author's assumption, or nothing. */
export type ListBound =
  | Slice
  | { readonly kind: 'assumed'; readonly size: number }
  | { readonly kind: 'unknown'; readonly coordinate: string }

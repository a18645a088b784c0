import type { FieldNode, GraphQLField, GraphQLLeafType, OperationDefinitionNode } from 'graphql'
import type {
  AccessRule,
  Binding,
  Entity,
  EnumSpellings,
  FallbackRule,
  InlineSource,
  LoadSource,
  ResolverSource,
  VariantRule,
} from '../graph.ts'
import type { PlannedArguments } from './arguments.ts'

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
  /** Field masks by `binding.index`, one for all that the operation reads by a binding; undefined where there are none. */
  readonly masks: ReadonlyMap<number, string> | undefined
  /** Steps whose keys go into the batch of another, by `step.id`; undefined where there are none. */
  readonly joins: ReadonlyMap<number, Step> | undefined
  /** Whether any step starts early. */
  readonly early: boolean
}

/** The fields of one object, in the order of the answer. */
export type Selection = {
  readonly typeName: string
  /** The type's own rules, where its place may hold several types; elsewhere they are the field's. */
  readonly rules: readonly AccessRule[]
  readonly fields: readonly SelectedField[]
  /** What brings fields that such an object may lack, as it came inside of another's answer; undefined where nothing can. */
  readonly completion: Step | undefined
}

export type SelectedField = {
  /** The name in the answer: alias or field name. */
  readonly key: string
  /** The name as it stands in the answer's JSON, with all that goes before its value: `{"id":`, `,"name":`. */
  readonly label: string
  /** The member of the owner that the value is read from, where nothing but a plain leaf can stand there. */
  readonly member: string | undefined
  /** What the leaf is where it can be written as it came; undefined for all that needs a closer look. */
  readonly leaf: 'text' | 'int' | 'truth' | undefined
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
  | InlineSource
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
      /** How the answer tells the type, where not by `__typename`. */
      readonly variant: VariantRule | undefined
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
  readonly on: Member | undefined
  readonly source: StepSource
  readonly field: GraphQLField<unknown, unknown>
  readonly node: FieldNode
  readonly args: PlannedArguments
  readonly rules: readonly AccessRule[]
  readonly fallback: FallbackRule | undefined
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
  | CompletionSource
  | { readonly kind: 'call'; readonly binding: Binding }
  | LoadSource
  | (ResolverSource & { readonly selection: Selection })

/** An entity that arrived inside of another's answer, asked for by its loader where it lacks something. */
export type CompletionSource = {
  readonly kind: 'complete'
  readonly entity: Entity
  /** What the operation needs of it, its key aside; what the caller may not see is not asked for. */
  readonly needed: readonly { readonly path: readonly string[]; readonly rules: readonly AccessRule[] }[]
}

/** One of the types that a place may hold. */
export type Member = { readonly type: string; readonly variant: VariantRule | undefined }

/** One read from an object to what stands in one of its fields. */
export type Hop = {
  /** What the object must be, where its place may hold several types. */
  readonly on: Member | undefined
  readonly value: InlineSource
  readonly rules: readonly AccessRule[]
}

/** The arguments of one field that slice its list. */
export type Slice = {
  readonly kind: 'argument'
  readonly field: GraphQLField<unknown, unknown>
  readonly node: FieldNode
  readonly args: PlannedArguments
  readonly names: readonly string[]
}

/** What is known of a list's length: an argument's value, an author's assumption, or nothing. */
export type ListBound =
  | Slice
  | { readonly kind: 'assumed'; readonly size: number }
  | { readonly kind: 'unknown'; readonly coordinate: string }

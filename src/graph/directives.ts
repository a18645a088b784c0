import { type ConstDirectiveNode, type ConstValueNode, parse, Source, valueFromASTUntyped } from 'graphql'

/** The words of the graph: what a schema may say beside plain SDL. Never part of a client's schema. */
const words = /* GraphQL */ `
  directive @rest(
    service: String!
    get: String
    post: String
    put: String
    patch: String
    delete: String
    query: [PorticoNameValue!]
    headers: [PorticoNameValue!]
    body: PorticoValue
    select: String
    batch: PorticoBatch
    fanout: Int
    notFound: PorticoNotFound
    timeout: String
  ) on FIELD_DEFINITION | OBJECT
  directive @grpc(
    service: String
    method: String!
    request: PorticoValue
    metadata: [PorticoNameValue!]
    select: String
    batch: PorticoBatch
    fanout: Int
    notFound: PorticoNotFound
    timeout: String
  ) on FIELD_DEFINITION | OBJECT
  directive @entity(key: String!) on OBJECT
  directive @load(by: PorticoValue!) on FIELD_DEFINITION
  directive @from(path: String, oneof: String, enum: [String!]) on FIELD_DEFINITION | ENUM_VALUE | INPUT_FIELD_DEFINITION
  directive @internal on FIELD_DEFINITION
  directive @resolver(fn: String!, needs: String, calls: [String!], pure: Boolean) on FIELD_DEFINITION
  directive @auth(scopes: [[String!]!], claims: PorticoValue, public: Boolean) on SCHEMA | OBJECT | FIELD_DEFINITION
  directive @cost(weight: String!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
  directive @listSize(
    assumedSize: Int
    slicingArguments: [String!]
    sizedFields: [String!]
    requireOneSlicingArgument: Boolean = true
  ) on FIELD_DEFINITION

  scalar PorticoValue
  input PorticoNameValue { name: String! value: String! }
  input PorticoBatch { match: String! items: String max: Int = 100 missing: PorticoNotFound }
  enum PorticoNotFound { NULL ERROR }
`

/** Scalars any schema may use without declaring them; only the used ones reach the client's schema. */
const scalars = /* GraphQL */ `
  "A 64-bit signed integer, written as a string."
  scalar Int64
  "A 64-bit unsigned integer, written as a string."
  scalar UInt64
  "A decimal number of any length, written as a string."
  scalar Decimal
  "A point in time (RFC 3339)."
  scalar DateTime
  "Bytes in base64 (RFC 4648 §4)."
  scalar Bytes
  "Any JSON value."
  scalar JSON
`

/** Parsed once: the definitions every schema is built on. */
export const prelude = parse(new Source(`${words}\n${scalars}`, 'portico'))

export const preludeDirectives: ReadonlySet<string> = new Set(
  prelude.definitions.flatMap((node) => (node.kind === 'DirectiveDefinition' ? [node.name.value] : [])),
)

export const preludeTypes: ReadonlySet<string> = new Set(
  prelude.definitions.flatMap((node) =>
    'name' in node && node.kind !== 'DirectiveDefinition' && node.name ? [node.name.value] : [],
  ),
)

export const preludeScalars: ReadonlySet<string> = new Set(
  prelude.definitions.flatMap((node) =>
    node.kind === 'ScalarTypeDefinition' && !node.name.value.startsWith('Portico') ? [node.name.value] : [],
  ),
)

/** One use of a directive, with its argument values as plain JSON and their nodes for diagnostics. */
export type Directive = {
  readonly node: ConstDirectiveNode
  readonly args: Readonly<Record<string, unknown>>
  readonly nodes: Readonly<Record<string, ConstValueNode>>
}

type Directed = { readonly directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined

export const directivesOf = (name: string, ...nodes: readonly Directed[]): Directive[] =>
  nodes
    .flatMap((node) => node?.directives ?? [])
    .filter((node) => node.name.value === name)
    .map((node) => ({
      node,
      args: Object.fromEntries((node.arguments ?? []).map((arg) => [arg.name.value, valueFromASTUntyped(arg.value)])),
      nodes: Object.fromEntries((node.arguments ?? []).map((arg) => [arg.name.value, arg.value])),
    }))

export const directiveOf = (name: string, ...nodes: readonly Directed[]): Directive | undefined =>
  directivesOf(name, ...nodes)[0]

import {
  buildASTSchema,
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type ConstValueNode,
  Kind,
  parse,
  Source,
  valueFromAST,
  valueFromASTUntyped,
} from 'graphql'

/** The words of the graph: what a schema may say beside plain SDL. Never part of a client's schema. */
const words = /* GraphQL */ `
  "Binds a field, or the loader of an entity, to an HTTP operation of a REST service."
  directive @rest(
    "The service of portico.yaml that is asked."
    service: String!
    "Path and query of a GET below the service's URL, with placeholders. Exactly one of the five methods is given."
    get: String
    "The same for a POST."
    post: String
    "The same for a PUT."
    put: String
    "The same for a PATCH."
    patch: String
    "The same for a DELETE."
    delete: String
    "Further query parameters; an absent argument or header drops its parameter."
    query: [PorticoNameValue!]
    "Headers the service gets; an absent argument or header drops its header."
    headers: [PorticoNameValue!]
    "The JSON body; strings in it are templates, one that is a single placeholder keeps the value's type."
    body: PorticoValue
    "Path of the value in the answer; the whole answer when absent."
    select: String
    "One call for the keys of many parents."
    batch: PorticoBatch
    "One call for each parent, for at most so many of them."
    fanout: Int
    "What 404 means: NULL (the default of nullable fields) or ERROR."
    notFound: PorticoNotFound
    "How long the call may take, such as 800ms; the service's own timeout when absent."
    timeout: String
  ) on FIELD_DEFINITION | OBJECT

  "Binds a field, or the loader of an entity, to a method of a gRPC service; on a Subscription field to a streaming one."
  directive @grpc(
    "The service of portico.yaml that is asked; may be absent where the method names it."
    service: String
    "The method by its full name, such as shop.catalog.v1.Catalog/GetProduct."
    method: String!
    "The request message in ProtoJSON; strings in it are templates."
    request: PorticoValue
    "Metadata the service gets."
    metadata: [PorticoNameValue!]
    "Path of the value in the answer; the whole answer when absent."
    select: String
    "One call for the keys of many parents."
    batch: PorticoBatch
    "One call for each parent, for at most so many of them."
    fanout: Int
    "What NOT_FOUND means: NULL (the default of nullable fields) or ERROR."
    notFound: PorticoNotFound
    "How long the call may take, such as 800ms; the service's own timeout when absent."
    timeout: String
  ) on FIELD_DEFINITION | OBJECT

  "A type with an identity, whose own @rest or @grpc loads it by its key."
  directive @entity(
    "The field that identifies it; the loader says {keys.<field>} where keys go."
    key: String!
  ) on OBJECT

  "Loads the field's entity by a value of the parent, an argument or a claim; batched as its loader says."
  directive @load(
    "The key and where it comes from, such as id from {this.ownerId}. A list of keys loads a list."
    by: PorticoValue!
  ) on FIELD_DEFINITION

  "Where a field, an enum value or an input field stands in what the service says, when its name is another."
  directive @from(
    "Its path in the service's object, such as address.city."
    path: String
    "The oneof of the message that the field's union stands for."
    oneof: String
    "The service's spellings of an enum value; * stands for every other one."
    enum: [String!]
  ) on FIELD_DEFINITION | ENUM_VALUE | INPUT_FIELD_DEFINITION

  "A field placeholders may read, absent from the schema clients see."
  directive @internal on FIELD_DEFINITION

  "A field written in TypeScript, in the module that resolvers names in portico.yaml."
  directive @resolver(
    "The function the module exports under that name."
    fn: String!
    "Plain fields of the parent the function gets, such as { name tier }, asked for whether selected or not."
    needs: String
    "Services the function asks, for explain."
    calls: [String!]
    "Whether equal parents and arguments make an equal value."
    pure: Boolean
  ) on FIELD_DEFINITION

  "Who may see it. On the schema the default of root fields; on a root field it replaces that default; elsewhere it adds."
  directive @auth(
    "Alternatives, each a list of scopes that go together."
    scopes: [[String!]!]
    "Claims the token must bear, compared exactly; in a list one that is equal suffices."
    claims: PorticoValue
    "Open to everybody."
    public: Boolean
  ) on SCHEMA | OBJECT | FIELD_DEFINITION

  "Static cost (IBM GraphQL cost directive specification). Accepted; not counted yet."
  directive @cost(
    "A number, as text."
    weight: String!
  ) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR

  "How long a list may get (IBM GraphQL cost directive specification)."
  directive @listSize(
    "The length to reckon with where no argument says it."
    assumedSize: Int
    "Arguments that say the length; past limits.listSize they are refused."
    slicingArguments: [String!]
    "Fields of the answer whose length the arguments say."
    sizedFields: [String!]
    "Accepted for the specification's sake."
    requireOneSlicingArgument: Boolean = true
  ) on FIELD_DEFINITION

  "Any value; strings in it may be templates."
  scalar PorticoValue

  "A query parameter, header or metadata entry."
  input PorticoNameValue {
    name: String!
    "A template."
    value: String!
  }

  "How one call serves many parents."
  input PorticoBatch {
    "The path, inside of each returned item, of the value that equals the key."
    match: String!
    "The path, inside of each returned item, of what the parent gets; the item itself when absent."
    items: String
    "The most keys of one call."
    max: Int = 100
    "What a key that was not returned comes to: NULL (the default; lists are empty) or ERROR."
    missing: PorticoNotFound
  }

  enum PorticoNotFound {
    NULL
    ERROR
  }
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

const preludeSchema = buildASTSchema(prelude, { assumeValidSDL: true })

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

/**
 * One use of a directive, with its argument values as plain JSON and their nodes for diagnostics. Values of our
 * own directives are coerced as GraphQL coerces input: one item stands for a list of one, null for nothing said.
 */
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
    .map((node) => {
      const given = (node.arguments ?? []).filter(({ value }) => value.kind !== Kind.NULL)
      return {
        node,
        args: Object.fromEntries(given.map((arg) => [arg.name.value, valueOf(name, arg)])),
        nodes: Object.fromEntries(given.map((arg) => [arg.name.value, arg.value])),
      }
    })

const valueOf = (directive: string, { name, value }: ConstArgumentNode): unknown => {
  const argument = preludeSchema.getDirective(directive)?.args.find((arg) => arg.name === name.value)
  return argument === undefined ? valueFromASTUntyped(value) : valueFromAST(value, argument.type)
}

export const directiveOf = (name: string, ...nodes: readonly Directed[]): Directive | undefined =>
  directivesOf(name, ...nodes)[0]

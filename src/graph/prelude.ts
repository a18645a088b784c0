import { buildASTSchema, parse, Source } from 'graphql'
import { codes } from '../kernel/code.ts'

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
    "What has to be so of an answer, such as body.ok == true or header.x-state == 'done': one of 2xx where it is not is a failure of the service."
    success: String
    "Answers that are failures, and what they mean, by status, body and header of answers of any status; the first that fits counts, before success."
    errors: [PorticoErrorRule!]
    "How long the call may take, such as 800ms; the service's own timeout when absent."
    timeout: String
    "Whether asking twice does no more than asking once: it may be tried again and hedged, and a POST that no mutation makes is a read, shared and started early like a GET."
    idempotent: Boolean
  ) on FIELD_DEFINITION | OBJECT

  "Binds a field, or the loader of an entity, to a method of a gRPC service; on a Subscription field to a streaming one."
  directive @grpc(
    "The service of portico.yaml that is asked; may be absent where the method names it."
    service: String
    "The method by its full name, such as shop.catalog.v1.Catalog/GetProduct."
    method: String!
    "The request message in ProtoJSON; strings in it are templates."
    request: PorticoValue
    "The field of the request that takes a field mask of what an operation selects; read_mask by itself, and field_mask where nothing is changed (google.aip.dev/157)."
    fieldMask: String
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
    "Answers that are failures, and what they mean; the first that fits counts."
    errors: [PorticoErrorRule!]
    "How long the call may take, such as 800ms; the service's own timeout when absent."
    timeout: String
  ) on FIELD_DEFINITION | OBJECT

  "A type with an identity, whose own @rest or @grpc loads it by its key."
  directive @entity(
    "The field that identifies it, or several with spaces between; the loader says {keys.<field>} where keys go, or {keys} for a list of objects of them."
    key: String!
  ) on OBJECT

  "What stands in for a field's value when its call fails. The failure is still told, and the answer is a partial one."
  directive @fallback(
    "The value, as the service would write it."
    value: PorticoValue
    "How old the last good value of the same request, by the same caller, may be, such as 5m; goes before value."
    stale: String
  ) on FIELD_DEFINITION

  "Loads the field's entity by a value of the parent, an argument or a claim; batched as its loader says."
  directive @load(
    "The key and where it comes from, such as id from {this.ownerId}. A list of keys loads a list."
    by: PorticoValue!
  ) on FIELD_DEFINITION

  "Where a field, an enum value or an input field stands in what the service says, when its name is another."
  directive @from(
    "Its path in the service's object, such as address.city."
    path: String
    "The oneof of the message that it stands for: a union of its cases, an enum of their names (which one is set), or a @oneOf input."
    oneof: String
    "Whether it is a map, written as a list of entries with key and value."
    map: Boolean
    "The service's spellings of an enum value; * stands for every other one."
    enum: [String!]
  ) on ARGUMENT_DEFINITION | ENUM_VALUE | FIELD_DEFINITION | INPUT_FIELD_DEFINITION

  "How answers tell which object type an interface or a union is, where they have no __typename."
  directive @variant(
    "The path of the value that tells it, such as kind."
    by: String!
    "What the value is for each object type, by its name: a text or a list of them; * stands for every other value."
    cases: PorticoValue!
  ) on INTERFACE | UNION

  "A field placeholders may read, absent from the schema clients see."
  directive @internal on FIELD_DEFINITION

  "A field written in TypeScript, in the module that resolvers names in portico.yaml."
  directive @resolver(
    "The function the module exports under that name."
    fn: String!
    "Plain fields of the parent the function gets, such as { name tier }, asked for whether selected or not."
    needs: String
    "Services the function may call."
    calls: [String!]
    "Whether equal parents and arguments make an equal value: it is given nothing of the caller, nor services, and its operations can be shared."
    pure: Boolean
  ) on FIELD_DEFINITION

  "Who may see it. On the schema the default of root fields; on a root field it replaces that default; elsewhere it adds. On a stored operation it says who may run it, in place of what the BFF says."
  directive @auth(
    "Alternatives, each a list of scopes that go together."
    scopes: [[String!]!]
    "Roles, in the same form."
    roles: [[String!]!]
    "Groups, in the same form."
    groups: [[String!]!]
    "Claims the caller must have, each with its value or a list of which one will do, compared exactly; nested ones by path, such as org.id. Of a claim that is a list one item has to be equal."
    claims: PorticoValue
    "Arguments of the field, or variables of the operation, each with what has to equal it: claims.NAME or subject; members of inputs as objects."
    match: PorticoValue
    "Alternatives, each a list of providers that all know the caller; all else is then asked of what the first of the list knows. On a stored operation any of the workspace; those of the BFF when absent."
    providers: [[String!]!]
    "Open to everybody. A stored operation is then run for callers nobody knows too; what others show still counts."
    public: Boolean
  ) on FIELD_DEFINITION | MUTATION | OBJECT | QUERY | SCHEMA | SUBSCRIPTION

  "Serves a stored operation as a REST endpoint: of the methods and sse exactly one is given."
  directive @endpoint(
    "Path below the BFF's prefix of a GET, such as /orders/{id}; each {variable} is a segment."
    get: String
    "The same for a POST."
    post: String
    "The same for a PUT."
    put: String
    "The same for a PATCH."
    patch: String
    "The same for a DELETE."
    delete: String
    "The same for a GET that answers a subscription as server-sent events."
    sse: String
    "The variable that is the whole JSON body, such as $input; without it, the body's members are the variables."
    body: String
    "Path of the value that is the answer; the whole data when absent."
    unwrap: String
    "Paths of what must be there: 404 where it was not found. The root field when absent, where there is one alone."
    require: [String!]
    "Status of a whole answer, 200 when absent."
    status: Int
    "Cache-Control of a whole answer to a GET, such as private, max-age=15."
    cache: String
    "How long a request may take in all, such as 800ms: parts that are not there by then are cut; of a stream, each event. At most the gateway's budget, which it is when absent."
    timeout: String
    "Whether parameters and members that mean nothing are ignored instead of refused."
    lenient: Boolean
    "That a mutation with several writes is meant: they run one after the other, and what is done stays done where a later one fails."
    nonAtomic: Boolean
    "Since when, or from when on, it should not be used (RFC 9745): 2027-01-01, or a time of RFC 3339."
    deprecated: String
    "From when on it may be gone (RFC 8594), in the same form."
    sunset: String
    "What to use instead: a path of this gateway or a URL."
    successor: String
    "Where the deprecation is explained: a path of this gateway or a URL."
    notice: String
  ) on MUTATION | QUERY | SUBSCRIPTION

  "How often the field may be asked for, or a stored operation run: counted for each selection, once fragments are spread. Past it the whole operation is refused."
  directive @rateLimit(
    "Selections, or runs, in one window."
    limit: Int!
    "The length of the window, such as 1m."
    window: String!
    "What is counted; several for each combination. USER when nothing is said."
    by: [PorticoLimitBy!]
    "Claims of the token that are counted by as well, such as tenant."
    claims: [String!]
    "Whether no window of that length ever lets more through, in steps of a sixth."
    sliding: Boolean
    "What clients and metrics call it; the field or operation when absent."
    name: String
  ) repeatable on FIELD_DEFINITION | MUTATION | QUERY | SUBSCRIPTION

  "Static cost (IBM GraphQL cost directive specification), counted where limits.cost is set: of a field or argument for each item, of a type where its fields say nothing."
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
    "Whether exactly one of slicingArguments has to be given. Checked where limits.cost is enforced."
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
    "The path, inside of each returned item, of the value that equals the key; of a key of several fields an object of paths, one for each."
    match: PorticoValue!
    "The path, inside of each returned item, of what the parent gets; the item itself when absent."
    items: String
    "The most keys of one call."
    max: Int = 100
    "What a key that was not returned comes to: NULL (the default; lists are empty) or ERROR."
    missing: PorticoNotFound
  }

  "Whom a limit counts: the verified subject, its API key, all of its plan, its address, or all together. Who lacks it is counted by address."
  enum PorticoLimitBy {
    USER
    KEY
    PLAN
    IP
    GLOBAL
  }

  enum PorticoNotFound {
    NULL
    ERROR
  }

  "When an answer is a failure, and which."
  input PorticoErrorRule {
    "A condition over body, body.<path> and status (of gRPC the code's name) with == != < <= > >= in && || ! and parentheses; a path alone asks whether it is there. Of other answers than 2xx or OK the status alone is known."
    when: String!
    "What clients get: UNAVAILABLE as 502 when absent."
    code: PorticoCode
    "What clients read; {body.<path>} repeats a value of the answer, which clients see by no other way."
    message: String
  }

  "The codes of failures, which are those of gRPC."
  enum PorticoCode {
    ${Object.keys(codes).join('\n    ')}
  }
`

/** Scalars any schema may use without declaring them; only the used ones reach the client's schema. */
const scalars = /* GraphQL */ `
  "A 64-bit signed integer, written as a string."
  scalar Int64
  "A 64-bit unsigned integer, written as a string."
  scalar UInt64
  "A 32-bit unsigned integer."
  scalar UInt32
  "A decimal number of any length, written as a string."
  scalar Decimal
  "A point in time (RFC 3339)."
  scalar DateTime
  "A span of time in seconds, such as 1.5s."
  scalar Duration
  "Bytes in base64 (RFC 4648 §4)."
  scalar Bytes
  "Any JSON value."
  scalar JSON
`

/** Parsed once: the definitions every schema is built on. */
export const prelude = parse(new Source(`${words}\n${scalars}`, 'portico'))

/** The same as a schema, by which arguments are coerced. */
export const preludeSchema = buildASTSchema(prelude, { assumeValidSDL: true })

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

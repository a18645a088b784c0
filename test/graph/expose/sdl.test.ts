import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exposed } from './support/exposed.ts'

/** One rule a row: what a proto says, and the SDL that it becomes. */
const rules: readonly { readonly title: string; readonly proto: string; readonly sdl: string }[] = [
  {
    title: 'flattens the fields of a request into arguments, and keeps the name of the method',
    proto: `
      service Shop { rpc GetItem(GetItemRequest) returns (Item); }
      message GetItemRequest { string id = 1; int32 max_age = 2; }
      message Item { string display_name = 1; }`,
    sdl: `
type Query {
  getItem(id: String, maxAge: Int): Item
    @grpc(service: "svc", method: "t.v1.Shop/GetItem", request: { id: "{args.id}", maxAge: "{args.maxAge}" })
}

type Item {
  displayName: String!
}`,
  },
  {
    title: 'writes every scalar as the one that holds it, and presence as it is',
    proto: `
      service S { rpc GetAll(google.protobuf.Empty) returns (All); }
      message All {
        bool a = 1; int32 b = 2; sint32 c = 3; uint32 d = 4; fixed32 e = 5; int64 f = 6; uint64 g = 7;
        sfixed64 h = 8; float i = 9; double j = 10; string k = 11; bytes l = 12; optional string m = 13;
        repeated int64 n = 14; map<string, int32> o = 15;
      }`,
    sdl: `
type Query {
  getAll: All @grpc(service: "svc", method: "t.v1.S/GetAll")
}

type All {
  a: Boolean!
  b: Int!
  c: Int!
  d: UInt32!
  e: UInt32!
  f: Int64!
  g: UInt64!
  h: Int64!
  i: Float!
  j: Float!
  k: String!
  l: Bytes!
  m: String
  n: [Int64!]!
  o: JSON!
}`,
  },
  {
    title: 'writes well-known types as what ProtoJSON makes of them',
    proto: `
      service S { rpc GetAll(google.protobuf.StringValue) returns (All); }
      message All {
        google.protobuf.Timestamp a = 1; google.protobuf.Duration b = 2; google.protobuf.FieldMask c = 3;
        google.protobuf.Struct d = 4; google.protobuf.Value e = 5; google.protobuf.ListValue f = 6;
        google.protobuf.Any g = 7; google.protobuf.UInt32Value h = 8; google.protobuf.UInt64Value i = 9;
        google.protobuf.BytesValue j = 10; google.protobuf.Empty k = 11; google.protobuf.NullValue l = 12;
        repeated google.protobuf.Timestamp m = 13; repeated google.protobuf.Value n = 14;
      }`,
    sdl: `
type Query {
  getAll(value: String!): All @grpc(service: "svc", method: "t.v1.S/GetAll", request: "{args.value}")
}

type All {
  a: DateTime
  b: Duration
  c: String
  d: JSON
  e: JSON
  f: JSON
  g: JSON
  h: UInt32
  i: UInt64
  j: Bytes
  k: JSON
  l: JSON
  m: [DateTime!]!
  n: [JSON]!
}`,
  },
  {
    title: 'takes the shared prefix off enums, and leaves out the zero value that says nothing',
    proto: `
      service S { rpc GetItem(Q) returns (Item); }
      message Q { OrderState state = 1; }
      message Item { OrderState state = 1; repeated Size sizes = 2; Level level = 3; Flag flag = 4; Same same = 5; }
      enum OrderState { ORDER_STATE_UNSPECIFIED = 0; ORDER_STATE_OPEN = 1; ORDER_STATE_DONE = 2 [deprecated = true]; }
      enum Size { SIZE_ANY = 0; SIZE_1080P = 1; }
      enum Level { LOG_LOW = 0; LOG_HIGH = 1; }
      enum Flag { true = 0; null = 1; }
      enum Same { option allow_alias = true; SAME_A = 0; SAME_B = 1; SAME_C = 1; }`,
    sdl: `
type Query {
  getItem(state: OrderState): Item
    @grpc(service: "svc", method: "t.v1.S/GetItem", request: { state: "{args.state}" })
}

enum OrderState {
  OPEN @from(enum: ["ORDER_STATE_OPEN"])
  DONE @from(enum: ["ORDER_STATE_DONE"]) @deprecated
}

type Item {
  state: OrderState
  sizes: [Size]!
  level: Level
  flag: Flag
  same: Same
}

enum Size {
  SIZE_ANY
  SIZE_1080P
}

enum Level {
  LOW @from(enum: ["LOG_LOW"])
  HIGH @from(enum: ["LOG_HIGH"])
}

enum Flag {
  true_ @from(enum: ["true"])
  null_ @from(enum: ["null"])
}

enum Same {
  A @from(enum: ["SAME_A"])
  B @from(enum: ["SAME_B","SAME_C"])
}`,
  },
  {
    title: 'writes a oneof as nullable fields and a case in answers, as a @oneOf input in requests',
    proto: `
      service S { rpc PayOrder(PayRequest) returns (Paid); }
      message PayRequest { string id = 1; oneof method { Card card = 2; string gift_code = 3; } Extra extra = 4; }
      message Card { string token = 1; }
      message Extra { oneof tip { int64 tip_units = 1; bool no_tip = 2; } }
      message Paid { oneof outcome { string receipt = 1; Card refused_card = 2; } }`,
    sdl: `
type Mutation {
  payOrder(id: String, method: PayRequestMethodInput, extra: ExtraInput): Paid
    @grpc(service: "svc", method: "t.v1.S/PayOrder", request: { id: "{args.id}", card: "{args.method.card}", giftCode: "{args.method.giftCode}", extra: "{args.extra}" }, notFound: ERROR)
}

input PayRequestMethodInput @oneOf {
  card: CardInput
  giftCode: String
}

input CardInput {
  token: String
}

input ExtraInput {
  tip: ExtraTipInput @from(oneof: "tip")
}

type Paid {
  receipt: String
  refusedCard: Card
  "Which of receipt, refusedCard is set."
  outcomeCase: PaidOutcomeCase @from(oneof: "outcome")
}

input ExtraTipInput @oneOf {
  tipUnits: Int64
  noTip: Boolean
}

enum PaidOutcomeCase {
  RECEIPT @from(enum: ["receipt"])
  REFUSED_CARD @from(enum: ["refusedCard"])
}

type Card {
  token: String!
}

type Query {
  "Stands for nothing: no method that is shown only reads."
  _: Boolean
}`,
  },
  {
    title: 'writes a map of messages as a list of entries both ways',
    proto: `
      service S { rpc GetItem(Q) returns (Item); }
      message Q { map<string, Label> labels = 1; Inner inner = 2; }
      message Inner { map<int32, Label> more = 1; }
      message Label { string text = 1; }
      message Item { map<string, Label> labels = 1; map<string, google.protobuf.Timestamp> times = 2; }`,
    sdl: `
type Query {
  getItem(labels: [QLabelsEntryInput!] @from(map: true), inner: InnerInput): Item
    @grpc(service: "svc", method: "t.v1.S/GetItem", request: { labels: "{args.labels}", inner: "{args.inner}" })
}

input QLabelsEntryInput {
  key: String!
  value: LabelInput!
}

input LabelInput {
  text: String
}

input InnerInput {
  more: [InnerMoreEntryInput!] @from(map: true)
}

type Item {
  labels: [ItemLabelsEntry!]! @from(map: true)
  times: JSON!
}

input InnerMoreEntryInput {
  key: String!
  value: LabelInput!
}

type ItemLabelsEntry {
  key: String!
  value: Label!
}

type Label {
  text: String!
}`,
  },
  {
    title: 'follows field behaviours: required in, nothing that only the other side writes',
    proto: `
      service S { rpc MakeItem(Q) returns (Item); }
      message Q { Item item = 1 [(google.api.field_behavior) = REQUIRED]; }
      message Item {
        string id = 1 [(google.api.field_behavior) = OUTPUT_ONLY];
        string name = 2 [(google.api.field_behavior) = REQUIRED];
        string secret = 3 [(google.api.field_behavior) = INPUT_ONLY];
        Item parent = 4 [(google.api.field_behavior) = REQUIRED];
        string old = 5 [deprecated = true, (google.api.field_behavior) = REQUIRED];
        string both = 6 [(google.api.field_behavior) = REQUIRED, (google.api.field_behavior) = OUTPUT_ONLY];
      }`,
    sdl: `
type Mutation {
  makeItem(item: ItemInput!): Item
    @grpc(service: "svc", method: "t.v1.S/MakeItem", request: { item: "{args.item}" }, notFound: ERROR)
}

input ItemInput {
  name: String!
  secret: String
  parent: ItemInput
  old: String!
  both: String
}

type Item {
  id: String!
  name: String!
  parent: Item
  old: String! @deprecated
  both: String!
}

type Query {
  "Stands for nothing: no method that is shown only reads."
  _: Boolean
}`,
  },
  {
    title: 'asks for the field mask of what is changed, and makes that of what is read by itself',
    proto: `
      service S { rpc GetItem(G) returns (Item); rpc UpdateItem(U) returns (Item); }
      message G { string id = 1; google.protobuf.FieldMask field_mask = 2 [(google.api.field_behavior) = REQUIRED]; }
      message U { string id = 1; google.protobuf.FieldMask field_mask = 2 [(google.api.field_behavior) = REQUIRED]; }
      message Item { string id = 1; }`,
    sdl: `
type Query {
  getItem(id: String): Item @grpc(service: "svc", method: "t.v1.S/GetItem", request: { id: "{args.id}" })
}

type Mutation {
  updateItem(id: String, fieldMask: String!): Item
    @grpc(service: "svc", method: "t.v1.S/UpdateItem", request: { id: "{args.id}", fieldMask: "{args.fieldMask}" }, notFound: ERROR)
}

type Item {
  id: String!
}`,
  },
  {
    title: 'keeps comments as descriptions, and the reason why something is deprecated',
    proto: `
      // Sells things. (-- api-linter: core::0131=disabled --)
      service S {
        // Gets an item.
        //
        // It may take a while.
        rpc GetItem(Q) returns (Item) { option deprecated = true; }
        // Lists items.
        // Deprecated: use
        // SearchItems.
        rpc ListItems(Q) returns (Item) { option deprecated = true; }
      }
      // Asks.
      message Q {
        // The "id".
        // buf:lint:ignore FIELD_NAMES
        string id = 1;
      }
      /* What is sold. */
      message Item { string id = 1; /* trailing */ }`,
    sdl: `
type Query {
  """
  Gets an item.

  It may take a while.
  """
  getItem(
    "The \\"id\\"."
    id: String
  ): Item
    @grpc(service: "svc", method: "t.v1.S/GetItem", request: { id: "{args.id}" })
    @deprecated
  """
  Lists items.
  Deprecated: use
  SearchItems.
  """
  listItems(
    "The \\"id\\"."
    id: String
  ): Item
    @grpc(service: "svc", method: "t.v1.S/ListItems", request: { id: "{args.id}" }, notFound: ERROR)
    @deprecated(reason: "use SearchItems.")
}

"What is sold."
type Item {
  "trailing"
  id: String!
}`,
  },
  {
    title: 'says true where an answer holds nothing, and JSON where a field does',
    proto: `
      service S { rpc DropItem(Nothing) returns (google.protobuf.Empty); rpc WatchItems(Nothing) returns (stream Nothing); rpc GetItem(Nothing) returns (Item); }
      message Nothing {}
      message Item { Nothing mark = 1; repeated Nothing marks = 2; map<string, Nothing> all = 3; }`,
    sdl: `
type Query {
  getItem: Item @grpc(service: "svc", method: "t.v1.S/GetItem")
}

type Mutation {
  dropItem: Boolean! @grpc(service: "svc", method: "t.v1.S/DropItem")
}

type Subscription {
  watchItems: Boolean! @grpc(service: "svc", method: "t.v1.S/WatchItems")
}

type Item {
  mark: JSON
  marks: [JSON!]!
  all: JSON!
}`,
  },
  {
    title: 'names nested messages after what they are in, and gives way to names that GraphQL has',
    proto: `
      service S { rpc GetItem(Q) returns (Query); }
      message Q {}
      message Query { Outer.Inner inner = 1; Outer_Inner other = 2; String text = 3; __Odd odd = 4; }
      message Outer { message Inner { string a = 1; } }
      message Outer_Inner { string b = 1; }
      message String { string __typename = 1; string foo_bar = 2; string foo_Bar = 3 [json_name = "a-b"]; }
      message __Odd { Query again = 1; }`,
    sdl: `
type Query {
  getItem: TV1Query @grpc(service: "svc", method: "t.v1.S/GetItem")
}

type TV1Query {
  inner: TV1Outer_Inner
  other: TV1Outer_Inner_
  text: TV1String
  odd: X__Odd
}

type TV1Outer_Inner {
  a: String!
}

type TV1Outer_Inner_ {
  b: String!
}

type TV1String {
  Typename: String!
  fooBar: String!
  foo_Bar: String! @from(path: "a-b")
}

type X__Odd {
  again: TV1Query
}`,
  },
  {
    title: 'tells fields of two services with methods of one name apart',
    proto: `
      service A { rpc GetItem(Q) returns (Item); rpc IAMCheck(Q) returns (Item); }
      service B { rpc GetItem(Q) returns (Item); rpc Talk(stream Q) returns (stream Item); }
      message Q {}
      message Item { string id = 1; }`,
    sdl: `
type Query {
  aGetItem: Item @grpc(service: "svc", method: "t.v1.A/GetItem")
  bGetItem: Item @grpc(service: "svc", method: "t.v1.B/GetItem")
}

type Mutation {
  iamCheck: Item @grpc(service: "svc", method: "t.v1.A/IAMCheck", notFound: ERROR)
}

type Item {
  id: String!
}

# t.v1.B/Talk is not shown: it takes a stream of requests, and a GraphQL field sends one.`,
  },
]

describe('SDL of a proto', () => {
  for (const { title, proto, sdl } of rules)
    it(title, () => {
      assert.equal(exposed(proto).sdl, `${sdl.trim()}\n`)
    })

  it('knows what proto2 requires and what it leaves open', () => {
    const { sdl } = exposed(
      `service S { rpc GetItem(Q) returns (Item); }
       message Q { required string id = 1; optional Item like = 2; }
       message Item { required string id = 1; optional int32 size = 2; required Item of = 3; repeated group Part = 4 { optional string name = 1; } extensions 100 to 200; }
       extend Item { optional string more = 100; }`,
      { syntax: 'proto2' },
    )
    assert.match(sdl, /getItem\(id: String!, like: ItemInput\): Item/)
    assert.match(
      sdl,
      /input ItemInput \{\n {2}id: String!\n {2}size: Int\n {2}of: ItemInput\n {2}part: \[Item_PartInput!\]\n\}/,
    )
    assert.match(sdl, /type Item \{\n {2}id: String!\n {2}size: Int\n {2}of: Item!\n {2}part: \[Item_Part!\]!\n\}/)
  })

  it('puts a prefix before types and fields', () => {
    const { sdl } = exposed(
      'service S { rpc GetItem(Q) returns (Item); } message Q {} message Item { State s = 1; } enum State { ON = 0; OFF = 1; }',
      { exposure: { prefix: 'shop' } },
    )
    assert.match(sdl, /^type Query \{\n {2}shopGetItem: ShopItem @grpc/)
    assert.match(sdl, /enum ShopState \{\n {2}ON\n {2}OFF\n\}/)
  })
})

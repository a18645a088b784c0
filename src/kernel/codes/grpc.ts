import type { CodeEntry } from './entry.ts'

/** What a proto says otherwise than a binding. */
export const grpcCodes = {
  'PORTICO-201': {
    severity: 'error',
    title: 'Unknown proto service',
    cause: 'No service of this full name is in the protos.',
    fix: 'Take one that there is; names are full, with their package.',
    example: '@grpc(method: "shop.Catalogue/Get")',
  },
  'PORTICO-202': {
    severity: 'error',
    title: 'Unknown method',
    cause: 'The proto service has no such method, or several services of the workspace have it.',
    fix: 'Take a method that there is; where several have it, name one by `service`.',
    example: '@grpc(method: "shop.Catalog/Gett")',
  },
  'PORTICO-203': {
    severity: 'error',
    title: 'Streaming that does not fit',
    cause: 'A Subscription field is fed by a server stream and nothing else; no field sends a stream.',
    fix: 'Bind streaming methods to Subscription fields, and others to Query and Mutation fields.',
  },
  'PORTICO-204': {
    severity: 'error',
    title: 'Unknown request field',
    cause: 'The request message has no such field.',
    fix: 'Take a field that there is.',
    example: '@grpc(method: "shop.Catalog/Get", request: { di: "{args.id}" })',
  },
  'PORTICO-205': {
    severity: 'error',
    title: 'Keys for a field that takes one value',
    cause: '{keys.…} of a batch is a list, and the field of the request is not repeated.',
    fix: 'Bind the keys to a repeated field, or ask for one by {this.…} with `fanout`.',
    example: '@grpc(method: "shop.Catalog/Get", request: { id: "{keys.id}" }, batch: { match: "id" })',
  },
  'PORTICO-206': {
    severity: 'error',
    title: '`select` that leads nowhere',
    cause: 'The answer has nothing at this path.',
    fix: 'Correct the path.',
    example: '@grpc(method: "shop.Catalog/List", select: "item")  # items',
  },
  'PORTICO-207': {
    severity: 'error',
    title: 'Batch without a list of messages',
    cause: 'What a batch selects is not a repeated message field, so there are no items to match with keys.',
    fix: 'Select the repeated field of the answer.',
  },
  'PORTICO-208': {
    severity: 'error',
    title: '`match` that cannot equal the key',
    cause: 'The items have no such field, or it is of another type than the key.',
    fix: 'Name the field of an item that holds the key.',
  },
  'PORTICO-209': {
    severity: 'error',
    title: '`items` that leads nowhere',
    cause: 'A group has nothing at this path, or a list where one is wanted, or one where a list is.',
    fix: 'Correct the path.',
  },
  'PORTICO-210': {
    severity: 'error',
    title: 'Value of another type than the request field',
    cause: 'What the placeholder or literal gives is no value of the field.',
    fix: 'Give the argument the type that the message names.',
    example: 'products(first: String): [Product] @grpc(method: "…", request: { pageSize: "{args.first}" })',
  },
  'PORTICO-211': {
    severity: 'error',
    title: 'Required request field unset',
    cause: 'The field is `required` (proto2, or google.api.field_behavior REQUIRED), and the binding never sets it.',
    fix: 'Set it in `request`.',
  },
  'PORTICO-212': {
    severity: 'error',
    title: 'Metadata that a binding may not set',
    cause: 'Keys are lower-case; grpc-… and authorization are not a binding’s, and -bin values would need encoding.',
    fix: 'Use another key.',
    example: '@grpc(method: "…", metadata: [{ name: "grpc-timeout", value: "1S" }])',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>

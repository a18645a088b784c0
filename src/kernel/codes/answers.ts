import type { CodeEntry } from './entry.ts'

/** Answers and inputs that are of another type than the schema says. */
export const typeCodes = {
  'PORTICO-301': {
    severity: 'error',
    title: 'No such upstream field',
    cause: 'The message that the object is made of has no such field.',
    fix: 'Name the field by @from(path: "…"), or remove it.',
    example: 'type Product { title: String }  # shop.Product has name',
  },
  'PORTICO-302': {
    severity: 'error',
    title: 'No such oneof',
    cause: 'The message has no oneof of this name, or the field is neither a union nor an enum.',
    fix: 'Name a oneof of the message.',
  },
  'PORTICO-303': {
    severity: 'error',
    title: 'Oneof case that the schema lacks',
    cause: 'The union or enum has no member for a case of the oneof.',
    fix: 'Add the member.',
  },
  'PORTICO-304': {
    severity: 'error',
    title: 'List against single value',
    cause: 'One of schema and service says list, and the other does not.',
    fix: 'Write the type in [ ], or without.',
    example: 'tags: String  # repeated string tags',
  },
  'PORTICO-305': {
    severity: 'error',
    title: 'Object against scalar',
    cause: 'The schema has an object where the service answers a scalar, or the other way round.',
    fix: 'Use a type of the kind that the service answers.',
  },
  'PORTICO-307': {
    severity: 'warning',
    title: 'Enum value that the schema lacks',
    cause: 'The service may answer a value that the enum has no name for; such an answer is an error.',
    fix: 'Add it, map it by @from(enum: ["…"]), or let "*" stand for all others.',
  },
  'PORTICO-308': {
    severity: 'error',
    title: 'Scalar that does not fit',
    cause: 'The service’s type has values that the GraphQL scalar cannot hold, as int64 in Int.',
    fix: 'Use one of the scalars that the message names.',
    example: 'sold: Int  # int64',
  },
  'PORTICO-306': {
    severity: 'error',
    title: 'Enum value that the service lacks',
    cause: 'The proto’s enum has no value of this name, so the value can neither arrive nor be sent.',
    fix: 'Spell it as the service does by @from(enum: ["…"]).',
    example: 'enum Kind { TEE }  # KIND_TEA',
  },
  'PORTICO-309': {
    severity: 'error',
    title: 'Input without a required field',
    cause: 'The message that the input becomes has a required field, and the input has none for it.',
    fix: 'Add the field to the input.',
  },
  'PORTICO-310': {
    severity: 'warning',
    title: 'Non-null over a value that may be absent',
    cause:
      'The field has presence in its proto, so the service may leave it out; then the parent becomes null with an error.',
    fix: 'Make the field nullable, unless the service promises the value.',
    example: 'subtitle: String!  # optional string subtitle',
  },
  'PORTICO-311': {
    severity: 'error',
    title: '@oneOf input against oneof',
    cause: 'A member of the @oneOf input is no case of the oneof it stands for.',
    fix: 'Name the cases as the message does.',
  },
  'PORTICO-312': {
    severity: 'warning',
    title: 'List of unknown size that leads back to itself',
    cause:
      'A type reaches itself by a call and a list whose size nobody says, so each turn of an operation multiplies its calls.',
    fix: 'Add @listSize to the list.',
    example: 'friends: [User!] @rest(service: "users", get: "/friends?of={keys.id}", batch: { match: "of" })',
  },
  'PORTICO-313': {
    severity: 'error',
    title: 'Map against no map',
    cause: 'The service answers a map and the field is no JSON or list of entries, or the other way round.',
    fix: 'Use JSON, or a list of entries and @from(map: true).',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>

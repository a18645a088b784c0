import type { CodeEntry } from './entry.ts'

/** What `check --probe` finds in the answers of services. */
export const probeCodes = {
  'PORTICO-950': {
    severity: 'error',
    title: 'Service that could not be asked',
    cause: 'The probe’s call failed, so that nobody knows what the service answers.',
    fix: 'Start the service, or give what it asks for by --header or --sample.',
  },
  'PORTICO-951': {
    severity: 'warning',
    title: 'Field that never came',
    cause:
      'No answered object had what the field reads, which a REST service without OpenAPI tells by its answers alone.',
    fix: 'Name the service’s field by @from(path: "…"), or remove the field.',
    example: 'type User { nam: String }  # {"name": "Ann"}',
  },
  'PORTICO-952': {
    severity: 'error',
    title: 'Null where the schema says non-null',
    cause: 'An answer lacked the value or was null there, so that the parent becomes null with an error.',
    fix: 'Let the field be nullable, or read it from where the value is.',
    example: 'type User { email: String! }  # {"email": null}',
  },
  'PORTICO-953': {
    severity: 'error',
    title: 'Answer of another type than the schema',
    cause: 'The service answered an object for a scalar, one for a list, a text that is no number, or the like.',
    fix: 'Give the field the type that the service answers, or the binding the right `select`.',
    example: 'type User { age: Int }  # {"age": "old"}',
  },
  'PORTICO-956': {
    severity: 'warning',
    title: 'Value that has to be converted',
    cause:
      'The service answered a text for a number, a number for a text or the like, which is converted while it can be.',
    fix: 'Give the field the type that the service answers.',
    example: 'type User { age: Int }  # {"age": "41"}',
  },
  'PORTICO-954': {
    severity: 'warning',
    title: 'Enum value that the schema does not know',
    cause: 'The service answered a value that the enum has no name for; such an answer is an error.',
    fix: 'Add it, map it by @from(enum: ["…"]), or let "*" stand for all others.',
  },
  'PORTICO-955': {
    severity: 'warning',
    title: 'Items that nobody asked for',
    cause: 'A batch answered keys that were not asked, as services do that ignore the filter.',
    fix: 'Correct the name of the parameter that takes the keys.',
    example: 'get: "/users?id={keys.id}"  # the service reads ids=',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>

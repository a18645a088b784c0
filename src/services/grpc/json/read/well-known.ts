import type { Type } from 'protobufjs'
import type { Json } from '../../../../kernel/json.ts'
import { anyType, isWrapped } from '../any.ts'
import { fieldsOf } from '../fields.ts'
import { maskText } from '../masks.ts'
import { durationText, timestampText } from '../times.ts'
import { signedNumber } from '../wire/longs.ts'
import { Unreadable, WireReader } from '../wire/reader.ts'
import { type ReadContext, readFields, readUntil } from './field.ts'
import { type Form, type FormField, jsonForm, type ReadSlots } from './forms.ts'

/**
 * How messages are read whose JSON is not an object of their fields
 * (https://protobuf.dev/programming-guides/json/); undefined for all others.
 */
export const wellKnownRead = <T>(type: Type, context: ReadContext<T>): ReadSlots<T> | undefined => {
  const { form } = context
  const always: ReadContext<T> = { ...context, style: { ...context.style, defaults: 'always' } }
  switch (isWrapped(type) ? type.name : '') {
    case '':
      return undefined
    case 'Timestamp':
      return readTime(timestampText, plainFields(type), form)
    case 'Duration':
      return readTime(durationText, plainFields(type), form)
    case 'FieldMask': {
      const [paths] = plainFields(type)
      return (slots, wire) => form.of(maskText(paths?.read(slots, wire) as readonly string[]))
    }
    case 'Any':
      return readAny(type, plainFields(type), context)
    case 'Value':
      return readValue(readFields(type, { ...always, form: withFiniteNumbers(form) }), form)
    default: {
      // Struct, ListValue and the wrappers have one field, which is their JSON.
      const [only] = readFields(type, always)
      if (only === undefined) throw new TypeError(`${type.fullName} has no field`)
      return only.read
    }
  }
}

/** What is computed with needs no text. */
const plainForm: Form<Json> = {
  ...jsonForm,
  scalars: {
    ...jsonForm.scalars,
    int64: (wire) => signedNumber(wire.long()),
    bytes: (wire) => wire.blob() as unknown as Json,
  },
}

/** The fields of a type that holds no messages, by number. */
const plainFields = (type: Type): readonly FormField<Json>[] => {
  const style = { names: 'json', defaults: 'always', unknownFields: 'ignore', enums: 'number' } as const
  const read = readFields(type, { style, form: plainForm, readerOf: noMessages })
  const numbered = fieldsOf(type).map((field, index) => ({ id: field.id, field: read[index] as FormField<Json> }))
  return numbered.toSorted((a, b) => a.id - b.id).map(({ field }) => field)
}

const noMessages = ({ fullName }: Type): never => {
  throw new TypeError(`${fullName} is inside of a type that holds no messages`)
}

type TimeText = (seconds: number, nanos: number) => string | undefined

const readTime =
  <T>(text: TimeText, [seconds, nanos]: readonly FormField<Json>[], form: Form<T>): ReadSlots<T> =>
  (slots, wire) => {
    const written = text(seconds?.read(slots, wire) as number, nanos?.read(slots, wire) as number)
    if (written === undefined) throw new Unreadable('a time that is out of range')
    return form.of(written)
  }

/** JSON knows no others, and a Value is JSON. */
const withFiniteNumbers = <T>(form: Form<T>): Form<T> => {
  const { double } = form.scalars
  return {
    ...form,
    scalars: {
      ...form.scalars,
      double(wire) {
        const { pos } = wire
        if (double === undefined || !Number.isFinite(wire.double()))
          throw new Unreadable('a google.protobuf.Value of a number that JSON does not have')
        wire.pos = pos
        return double(wire)
      },
    },
  }
}

const readValue = <T>(kinds: readonly FormField<T>[], form: Form<T>): ReadSlots<T> => {
  const none = form.constant(null)
  return (slots, wire) => {
    for (const kind of kinds) if (kind.isThere?.(slots, wire) === true) return kind.read(slots, wire)
    return none()
  }
}

const readAny = <T>(
  { root }: Type,
  [typeUrl, content]: readonly FormField<Json>[],
  { form, readerOf }: ReadContext<T>,
): ReadSlots<T> => {
  const empty = form.object([])
  return (slots, wire) => {
    const url = typeUrl?.read(slots, wire) as string
    const sent = content?.read(slots, wire) as unknown as Buffer | ''
    const bytes = sent === '' ? Buffer.alloc(0) : sent
    if (url === '' && bytes.length === 0) return empty(slots, wire)
    const type = anyType(root, url)
    if (type === undefined) throw new Unreadable(`a google.protobuf.Any of a type that is not defined: ${url}`)
    const message = (): T => readUntil(readerOf(type), new WireReader(bytes, wire), bytes.length)
    return form.any(url, message, isWrapped(type))
  }
}

import { didYouMean } from '../../../kernel/diagnostic.ts'
import { isRawNumber, type Json, numberText } from '../../../kernel/json.ts'
import {
  formsOf,
  type OpenApiDocument,
  type OpenApiOperation,
  propertiesOf,
  requiredOf,
  typeOf,
} from '../../../services/openapi/document.ts'
import type { ValueTemplate } from '../../request.ts'
import type { Owner, Told } from '../context.ts'
import { inputMistakes, type Sent, sentArgument } from './openapi-inputs.ts'

type Body = ValueTemplate & { readonly kind: 'object' }

type Asked = { readonly at: string; readonly body: OpenApiOperation['body']; readonly field: Owner['field'] }

/** What is wrong with a body that a binding writes: of several forms that it may have, one has to fit. */
export const bodyMistakes = (
  document: OpenApiDocument,
  { at, body, field }: Asked,
  written: ValueTemplate,
): readonly Told[] => {
  const sent = sentBy(written, field, `The body of ${at}`)
  if (sent !== undefined) return inputMistakes(document, body, sent)
  if (written.kind !== 'object') return []
  const forms = formsOf(document, body)
  const told = forms?.map((form) => mistakesOf(document, form, { at, written, field })) ?? []
  return told.some((mistakes) => mistakes.length === 0) ? [] : (told.toSorted((a, b) => a.length - b.length)[0] ?? [])
}

const mistakesOf = (
  document: OpenApiDocument,
  form: Readonly<Record<string, unknown>>,
  { at, written, field }: Pick<Asked, 'at' | 'field'> & { readonly written: Body },
): readonly Told[] => {
  const properties = propertiesOf(document, form)
  if (properties === undefined) return []
  const names = Object.keys(properties)
  const given = written.fields.map(([name]) => name)
  const unset = [...new Set(requiredOf(document, form))].filter((name) => !given.includes(name))
  return [
    ...written.fields.flatMap(([name, value]): readonly Told[] => {
      if (!names.includes(name))
        return [{ code: 'PORTICO-905', message: `The body of ${at} has no field ${name}.${didYouMean(name, names)}` }]
      const sent = sentBy(value, field, `${name} of the body of ${at}`)
      if (sent !== undefined) return inputMistakes(document, properties[name], sent)
      const types = formsOf(document, properties[name])?.map(typeOf)
      const is = literalType(value)
      return is === undefined || types === undefined || types.some((type) => type === undefined || fits(is, type))
        ? []
        : [{ code: 'PORTICO-906', message: `${name} of the body of ${at} is ${types.join(' or ')}, not ${is}.` }]
    }),
    ...unset.map(
      (name): Told => ({
        code: 'PORTICO-907',
        message: `The body of ${at} requires ${name}, and the binding does not set it.`,
      }),
    ),
  ]
}

/** What an argument sends, where a placeholder of it alone is the value. */
const sentBy = (written: ValueTemplate, field: Owner['field'], to: string): Sent | undefined => {
  const [only] = written.kind === 'template' && written.template.length === 1 ? written.template : []
  return typeof only === 'object' ? sentArgument(only, field, { to, asText: false }) : undefined
}

/** The JSON type of what is written out; undefined of what a placeholder alone gives, and of null. */
const literalType = (value: ValueTemplate): string | undefined => {
  switch (value.kind) {
    case 'object':
      return 'object'
    case 'list':
      return 'array'
    case 'template':
      return value.template.some((part) => typeof part !== 'string') && value.template.length === 1
        ? undefined
        : 'string'
    case 'literal':
      return jsonType(value.value)
  }
}

const jsonType = (value: Json): string | undefined => {
  if (value === null) return undefined
  if (typeof value === 'number' || isRawNumber(value))
    return Number.isInteger(Number(numberText(value))) ? 'integer' : 'number'
  return Array.isArray(value) ? 'array' : typeof value
}

const fits = (is: string, type: string): boolean => is === type || (is === 'integer' && type === 'number')

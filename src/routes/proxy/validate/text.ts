import { formsOf, isMembers, type OpenApiDocument, type OpenApiSchema } from '../../../services/openapi/document.ts'

/** How a schema's values are written as text: what a text may stand for beside itself, and what is put together from several. */
export type TextForm = {
  /** Whether a text that is a number, or true or false, is that. */
  readonly isNumber: boolean
  readonly isBoolean: boolean
  /** Whether it may be meant as a string all the same. */
  readonly isString: boolean
  /** Of the items of a list; undefined where it is none. */
  readonly items: TextForm | undefined
  /** Of the members of an object; undefined where it is none. */
  readonly members: ReadonlyMap<string, TextForm> | undefined
  /** Whether it may have members beside those. */
  readonly isOpen: boolean
}

/** Texts hold lists and objects of one level. */
const deepest = 3

/** Of what is not described. */
export const anyText: TextForm = {
  isNumber: true,
  isBoolean: true,
  isString: true,
  items: undefined,
  members: undefined,
  isOpen: false,
}

/** The form of a schema; any text where the document does not say. */
export const textForm = (document: OpenApiDocument, schema: unknown, depth = 0): TextForm => {
  const forms = formsOf(document, schema)
  if (forms === undefined || depth > deepest) return anyText
  const types = new Set(forms.flatMap(typesOf))
  const list = forms.find((form) => typesOf(form).includes('array'))
  const object = forms.find((form) => typesOf(form).includes('object'))
  const properties = object?.['properties']
  return {
    isNumber: types.has('number') || types.has('integer') || types.has('any'),
    isBoolean: types.has('boolean') || types.has('any'),
    isString: types.has('string') || types.has('any'),
    items: list && textForm(document, list['items'], depth + 1),
    members:
      object &&
      new Map(
        Object.entries(isMembers(properties) ? properties : {}).map(([name, property]) => [
          name,
          textForm(document, property, depth + 1),
        ]),
      ),
    isOpen: object !== undefined && object['additionalProperties'] !== false,
  }
}

/** The types that a form names, or that its keywords mean. */
const typesOf = (form: OpenApiSchema): readonly string[] => {
  const { type, items, properties, enum: values } = form
  if (type !== undefined) return [type].flat().map(String)
  if (items !== undefined) return ['array']
  if (properties !== undefined) return ['object']
  return Array.isArray(values) ? values.map((value: unknown) => typeof value) : ['any']
}

/** The value that a text stands for; `asText` where what may be a string is one. */
export const valueOf = (text: string, form: TextForm, asText: boolean): unknown => {
  if (asText && form.isString) return text
  if (form.isNumber && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return Number(text)
  if (form.isBoolean && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

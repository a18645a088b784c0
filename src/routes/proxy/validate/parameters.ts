import type { Path } from '../../../config/shape.ts'
import type { JsonLimits } from '../../../kernel/json-mistake.ts'
import { parseBodyToCheck } from '../../../kernel/json-request.ts'
import { isMembers, type Members, type OpenApiDocument, resolved } from '../../../services/openapi/document.ts'
import type { Check } from './checker.ts'
import { type Mistake, pointerTo } from './mistakes.ts'
import type { DocumentMistake } from './schemas.ts'
import { anyText, textForm } from './text.ts'
import { claims, found, isEmpty, type Place, styles, type Texts, Unread, valuesOf, type Writing } from './writing.ts'

/** One parameter of an operation, ready to be looked for. */
export type Parameter = {
  readonly in: Place
  /** Whether a name of the query belongs to it. */
  readonly takes: (name: string) => boolean
  /** What is wrong with it in a request. Throws Problem where it takes too long. */
  readonly mistakes: (texts: Texts, limits: JsonLimits) => readonly Mistake[]
}

/** What other keywords of the description say (OpenAPI 3.1 §4.8.12.2.1). */
const ignored = new Set(['accept', 'content-type', 'authorization'])

export type ParameterTools = {
  readonly document: OpenApiDocument
  readonly mistakes: DocumentMistake[]
  /** Makes the check of a schema that stands there. */
  readonly check: (schema: unknown, at: Path) => Check
}

/** A parameter as the document describes it; undefined for one that says nothing here. */
export const readParameter = (
  described: Members,
  at: Path,
  { document, mistakes, check }: ParameterTools,
): Parameter | undefined => {
  const { name, in: place, required } = described
  if (typeof name !== 'string' || !isPlace(place)) {
    mistakes.push({ at, message: 'A parameter has a name, and is in path, query, header or cookie.' })
    return undefined
  }
  const key = place === 'header' ? name.toLowerCase() : name
  if (place === 'header' && ignored.has(key)) return undefined
  const { style = styles[place][0], explode = style === 'form', allowEmptyValue, content, schema } = described
  if (!styles[place].includes(String(style))) {
    mistakes.push({ at: [...at, 'style'], message: `Of a ${place}, only ${styles[place].join(', ')} is read here.` })
    return undefined
  }
  const media = isMembers(content) ? Object.entries(content)[0] : undefined
  const readsJson = media !== undefined && /json\b/i.test(media[0])
  const inner = media === undefined ? schema : resolved(document, media[1])?.['schema']
  const innerAt = media === undefined ? [...at, 'schema'] : [...at, 'content', media[0], 'schema']
  const holds = inner === undefined || (media !== undefined && !readsJson) ? undefined : check(inner, innerAt)
  const form = media === undefined ? textForm(document, inner) : anyText
  const writing: Writing = { name: key, place, form, isExploded: explode === true, style: String(style) }
  const wrong = (message: string, path = ''): readonly Mistake[] => [{ path: pointerTo(name) + path, message }]
  return {
    in: place,
    takes: (asked) => claims(writing, asked),
    mistakes(texts, limits) {
      const own = found(writing, texts)
      if (own === undefined) return required === true || place === 'path' ? wrong('is missing') : []
      if (holds === undefined || (allowEmptyValue === true && isEmpty(own))) return []
      let first: readonly Mistake[] | undefined
      try {
        for (const value of readsJson ? [jsonOf(writing, own, limits)] : valuesOf(writing, own)) {
          const told = holds(value)
          if (told.length === 0) return []
          first ??= told
        }
      } catch (thrown) {
        if (thrown instanceof Unread) return wrong(thrown.message)
        throw thrown
      }
      return (first ?? []).flatMap(({ path, message }) => wrong(message, path))
    },
  }
}

const isPlace = (place: unknown): place is Place => typeof place === 'string' && Object.hasOwn(styles, place)

const jsonOf = (writing: Writing, texts: Texts, limits: JsonLimits): unknown => {
  const [text] = valuesOf(writing, texts, true)
  try {
    return parseBodyToCheck(Buffer.from(String(text)), limits)
  } catch {
    throw new Unread('should be JSON')
  }
}

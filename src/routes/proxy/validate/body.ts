import type { IncomingMessage } from 'node:http'
import type { Path } from '../../../config/shape.ts'
import { hasBody, mediaTypeOf } from '../../../kernel/media-type.ts'
import { Problem } from '../../../kernel/problem.ts'
import { isMembers, type Members, resolved } from '../../../services/openapi/document.ts'
import type { Check } from './checker.ts'
import type { ParameterTools } from './parameters.ts'
import { textForm } from './text.ts'

/** What the body of an operation may be. */
export type BodyPlan = {
  readonly isRequired: boolean
  /** How a body that is announced is read, told before a byte of it is there. Throws Problem for one that is not taken. */
  readonly reader: (raw: IncomingMessage) => BodyReader | undefined
}

/** JSON and what it is held against, if anything; undefined stands for bytes of any other kind. */
export type BodyReader = { readonly check: Check | undefined }

type Content = { readonly type: string; readonly json: BodyReader; readonly isJsonAlways: boolean }

/** The body that an operation describes; undefined for none. */
export const readBodyPlan = (described: Members, at: Path, { document, mistakes, check }: ParameterTools): BodyPlan => {
  const { content } = described
  if (!isMembers(content)) mistakes.push({ at, message: 'A body has `content`: its media types.' })
  const contents = Object.entries(isMembers(content) ? content : {}).map(([written, media]): Content => {
    const type = (written.split(';', 1)[0] as string).trim().toLowerCase()
    const schema = resolved(document, media)?.['schema']
    const isRange = type.endsWith('/*')
    // What a range calls anything would pass unseen under another name.
    const isJsonAlways = isJson(type) || (isRange && schema !== undefined && !textForm(document, schema).isString)
    const holds =
      schema === undefined || !(isJsonAlways || isRange)
        ? undefined
        : check(schema, [...at, 'content', written, 'schema'])
    return { type, json: { check: holds }, isJsonAlways }
  })
  const accept = contents.map(({ type }) => type).join(', ')
  const find = (type: string): Content | undefined =>
    [type, `${type.split('/', 1)[0] as string}/*`, '*/*']
      .map((one) => contents.find((other) => other.type === one))
      .find((one) => one !== undefined)
  return {
    isRequired: described['required'] === true,
    reader(raw) {
      if (!hasBody(raw)) return undefined
      const type = mediaTypeOf(raw)
      const found = type === undefined ? undefined : find(type)
      if (type === undefined || found === undefined) throw unsupported(`The body should be ${accept}.`, { accept })
      if (!found.isJsonAlways && !isJson(type)) return undefined
      const { 'content-encoding': coding = 'identity', 'content-type': written = '' } = raw.headers
      if (coding.toLowerCase() !== 'identity') throw unsupported('The body may not be compressed.')
      // JSON has one (RFC 8259 §8.1); a service might believe in another.
      if (!charsetsOf(written).every((one) => /^charset="?(?:utf-?8)?"?$/i.test(one)))
        throw unsupported('The body should be UTF-8.')
      return found.json
    },
  }
}

const isJson = (type: string): boolean => /[/+]json$/.test(type)

/** All of them, `charset*` (RFC 8187) too: which of two counts, readers disagree on. */
const charsetsOf = (written: string): readonly string[] =>
  written
    .split(';')
    .map((one) => one.trim())
    .filter((one) => /^charset(?:\*[^=]*)?=/i.test(one))

const unsupported = (detail: string, headers: Readonly<Record<string, string>> = {}): Problem =>
  new Problem('INVALID_ARGUMENT', detail, { status: 415, headers })

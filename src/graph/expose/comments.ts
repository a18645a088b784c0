import type { ReflectionObject } from 'protobufjs'
import { commentOf, isDeprecated } from '../../services/grpc/protos/annotations.ts'

/** What a proto says of one of its elements, for readers of GraphQL. */
export type Remarks = { readonly description?: string; readonly directives: readonly string[] }

export const remarksOf = (object: ReflectionObject): Remarks => remarks(commentOf(object), isDeprecated(object))

/** The same for what is no object of its own, such as a value of an enum. */
export const remarks = (comment: string | null | undefined, deprecated: boolean): Remarks => {
  const text = clean(comment ?? '')
  return {
    ...(text === '' ? {} : { description: text }),
    directives: deprecated ? [deprecation(text)] : [],
  }
}

/** A comment without what is meant for tools: notes of linters, and what stands in `(-- --)` (google.aip.dev/192). */
const clean = (comment: string): string =>
  comment
    .replaceAll(/\(--[\s\S]*?--\)/g, '')
    .split('\n')
    .filter((line) => !/^\s*(?:buf:lint:|protolint:|api-linter:|nolint\b|@exclude\b)/.test(line))
    .map((line) => line.trimEnd())
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()

/** `Deprecated: use Other.` in a comment is the reason. */
const deprecation = (text: string): string => {
  const reason = /(?:^|\n)\s*deprecated:\s*(?<reason>[\s\S]+?)(?:\n\s*\n|$)/i.exec(text)?.groups?.['reason']
  return reason === undefined
    ? '@deprecated'
    : `@deprecated(reason: ${JSON.stringify(reason.replaceAll(/\s+/g, ' ').trim())})`
}

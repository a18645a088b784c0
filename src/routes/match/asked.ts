import type { IncomingMessage } from 'node:http'
import { inRanges } from '../../kernel/address-ranges.ts'
import type { Json } from '../../kernel/json.ts'
import { cookieOf } from '../../services/targets/affinity.ts'
import { textAt } from './body.ts'
import { operationOfBody, operationOfQuery } from './graphql-operation.ts'
import { type Condition, satisfies } from './match.ts'

/** Thrown where a condition depends on a body that is not read yet. */
export class BodyWanted extends Error {}

/** What conditions look at. Each part is read when the first of them asks, and once. */
export class Asked {
  readonly raw: IncomingMessage
  readonly #addressOf: (raw: IncomingMessage) => string
  #query: URLSearchParams | undefined
  #address: string | undefined
  /** Undefined until it has been read. */
  readonly #body: Json | undefined
  #operation: string | null | undefined

  constructor(raw: IncomingMessage, addressOf: (raw: IncomingMessage) => string, body?: Json) {
    this.#body = body
    this.raw = raw
    this.#addressOf = addressOf
  }

  get query(): URLSearchParams {
    const { url = '' } = this.raw
    const mark = url.indexOf('?')
    this.#query ??= new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
    return this.#query
  }

  get body(): Json {
    if (this.#body === undefined) throw new BodyWanted()
    return this.#body
  }

  /** The GraphQL operation it runs; undefined where it names none. */
  get operation(): string | undefined {
    this.#operation ??= (this.raw.method === 'GET' ? operationOfQuery(this.query) : operationOfBody(this.body)) ?? null
    return this.#operation ?? undefined
  }

  get address(): string {
    this.#address ??= this.#addressOf(this.raw)
    return this.#address
  }
}

/** Whether a request has what a condition asks for. */
export type Test = (asked: Asked) => boolean

export const testOf = (condition: Condition): Test => {
  if (condition.on === 'address') {
    const holds = inRanges(condition.ranges)
    return ({ address }) => holds(address)
  }
  if (condition.on === 'operation') return (asked) => satisfies(asked.operation, condition.rule)
  const { on, name, rule } = condition
  if (on === 'cookie') return ({ raw }) => satisfies(cookieOf(raw.headers.cookie, name), rule)
  if (on === 'header')
    return ({ raw }) => {
      const value = raw.headers[name]
      return satisfies(Array.isArray(value) ? value.join(', ') : value, rule)
    }
  if (on === 'body') {
    const path = name.split('.')
    return ({ body }) => satisfies(textAt(body, path), rule)
  }
  if (on === 'mediaType') {
    const [before = '', after = ''] = name.split('{version}')
    return ({ raw }) => satisfies(versionIn(raw.headers.accept, before, after), rule)
  }
  if (on === 'parameter') {
    const { at } = condition
    return ({ raw: { url = '' } }) => satisfies((url.split('?', 1)[0] ?? '').split('/')[at + 1], rule)
  }
  // Readers differ in which value of a repeated parameter counts: all of them have to fit.
  return ({ query }) => {
    const values = query.getAll(name)
    return values.length === 0 ? satisfies(undefined, rule) : values.every((value) => satisfies(value, rule))
  }
}

/** What stands between two texts in the first range of Accept that has both; parameters are compared without spaces. */
const versionIn = (accept: string | undefined, before: string, after: string): string | undefined => {
  for (const range of accept?.toLowerCase().split(',') ?? []) {
    const text = range.replaceAll(/[\t ]|;[\t ]*q=[^;]*/g, '')
    if (text.length > before.length + after.length && text.startsWith(before) && text.endsWith(after))
      return text.slice(before.length, text.length - after.length)
  }
  return undefined
}

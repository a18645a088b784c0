import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../kernel/clock.ts'
import type { ProxyRoute } from './route.ts'

/** The last good answers of safe requests, of all routes of a process; the least used are dropped. */
export type StaleAnswers = {
  readonly keep: (key: string, answer: Omit<KeptAnswer, 'at'>) => void
  /** What was answered at most so long ago, to a request with the same headers as far as the answer depends on them. */
  readonly recall: (key: string, headers: IncomingHttpHeaders, maxAgeMs: number) => StaleAnswer | undefined
}

type KeptAnswer = {
  /** Flat: name, value, name, value; lower-case names. */
  readonly headers: readonly string[]
  readonly body: Buffer
  /** Request headers on which it depends, as they were. */
  readonly vary: readonly (readonly [name: string, value: string | undefined])[]
  readonly at: number
}

export type StaleAnswer = Pick<KeptAnswer, 'headers' | 'body'> & { readonly ageSeconds: number }

/** Bytes in all, and of one answer. */
const mostBytes = 33_554_432
const mostOfOne = 1_048_576

export const createStaleAnswers = (clock: Clock): StaleAnswers => {
  const answers = new LRUCache<string, KeptAnswer>({
    maxSize: mostBytes,
    sizeCalculation: ({ headers, body }, key) => body.length + headers.join('').length + key.length + 256,
  })
  return {
    keep: (key, answer) => void answers.set(key, { ...answer, at: clock.now() }),
    recall(key, headers, maxAgeMs) {
      const found = answers.get(key)
      if (found === undefined) return undefined
      const age = clock.now() - found.at
      if (age > maxAgeMs || found.vary.some(([name, value]) => textOf(headers[name]) !== value)) return undefined
      return { headers: found.headers, body: found.body, ageSeconds: Math.floor(age / 1_000) }
    },
  }
}

/**
 * What a request's answer is kept under: route, host, path, query, and who asks where a service may see who does.
 * Undefined for requests whose answers are not kept: other methods than GET, and those with a body.
 */
export const staleKey = (request: FastifyRequest, { name, service }: ProxyRoute): string | undefined => {
  const { method, url, headers } = request.raw
  if (method !== 'GET' || headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
    return undefined
  return JSON.stringify([name, service.name, request.host, url, whoAsks(request, service.identity === 'forward')])
}

/** Hashed, so that no credentials are kept. */
const whoAsks = ({ caller: { identity }, headers }: FastifyRequest, cookies: boolean): string => {
  const said = [
    identity?.provider,
    identity?.subject,
    identity?.keyId,
    ...credentials.map((name) => textOf(headers[name])),
    cookies ? headers.cookie : undefined,
  ]
  if (said.every((one) => one === undefined)) return ''
  return createHash('sha256').update(JSON.stringify(said)).digest('base64')
}

/** What names a caller, be it to the gateway or to the service. */
const credentials = ['authorization', 'x-api-key', 'api-key', 'x-auth-token', 'x-access-token']

const textOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value

/** An answer on its way, copied as it passes. */
export class AnswerCopy {
  readonly #keep: (answer: Omit<KeptAnswer, 'at'>) => void
  readonly #request: IncomingHttpHeaders
  #headers: readonly string[] = []
  #vary: KeptAnswer['vary'] = []
  #chunks: Buffer[] | undefined
  #size = 0

  constructor(request: IncomingHttpHeaders, keep: (answer: Omit<KeptAnswer, 'at'>) => void) {
    this.#request = request
    this.#keep = keep
  }

  onHead(status: number, headers: readonly string[]): void {
    const vary = status === 200 ? dependsOn(headers) : undefined
    if (vary === undefined) return
    this.#headers = [...headers]
    this.#vary = vary.map((name) => [name, textOf(this.#request[name])])
    this.#chunks = []
  }

  onData(chunk: Buffer): void {
    if (this.#chunks === undefined) return
    this.#size += chunk.length
    if (this.#size > mostOfOne) this.#chunks = undefined
    // The next read may write over it.
    else this.#chunks.push(Buffer.from(chunk))
  }

  onEnd(): void {
    if (this.#chunks === undefined) return
    this.#keep({ headers: this.#headers, body: Buffer.concat(this.#chunks), vary: this.#vary })
  }
}

/** The request headers an answer depends on; undefined where it must not be kept (RFC 9111 §3, §5.2.2). */
const dependsOn = (headers: readonly string[]): readonly string[] | undefined => {
  const names = new Set<string>()
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i]
    const words = (headers[i + 1] as string).toLowerCase()
    if (name === 'set-cookie') return undefined
    if (name === 'cache-control' && forbidden.test(words)) return undefined
    if (name === 'content-encoding') names.add('accept-encoding')
    if (name === 'vary') for (const one of words.split(',')) names.add(one.trim())
  }
  return names.has('*') ? undefined : [...names]
}

const forbidden = /\b(?:private|no-store|no-cache|must-revalidate|proxy-revalidate)\b/

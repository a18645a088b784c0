import type { Caller } from '../../kernel/caller.ts'
import { maskHeader } from '../../kernel/mask/headers.ts'
import { maskJson, Unmaskable } from '../../kernel/mask/json.ts'
import type { Masker } from '../../kernel/mask/masker.ts'
import type { Masks } from '../../kernel/mask/masks.ts'
import type { ProxyRoute } from './route.ts'

/** How the answers of a route are masked for one caller. */
export type AnswerMask = {
  /** Undefined for a caller who is shown all. */
  readonly masker: Masker | undefined
  /** Whether others get other answers. */
  readonly personal: boolean
  readonly maxBytes: number
}

/** Undefined where a route's answers are passed on as they come. */
export const answerMask = ({ mask }: ProxyRoute, masks: Masks | undefined, caller: Caller): AnswerMask | undefined =>
  mask === undefined || masks === undefined
    ? undefined
    : { masker: masks.answersFor(caller), personal: masks.personal, maxBytes: mask.maxBytes }

const ofParts: ReadonlySet<string> = new Set(['accept-encoding', 'range', 'if-range'])
/** What the client holds may be another caller's: a browser has seen several. Of changes these are conditions, and stay. */
const ofCopies: ReadonlySet<string> = new Set([...ofParts, 'if-none-match', 'if-modified-since'])

/** Asks for the whole of an answer, now, and for nothing that would have to be decoded. */
export const askForWhole = (headers: readonly string[], method: string): string[] => {
  const left = method === 'GET' || method === 'HEAD' ? ofCopies : ofParts
  return [...without(headers, left), 'accept-encoding', 'identity']
}

/** What tells of the bytes that were there before. */
const ofTheWhole = new Set([
  'content-length',
  'etag',
  'last-modified',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges',
  'signature',
  'signature-input',
  'trailer',
])

/** The headers of an answer that callers get differently; what is kept of it is the caller's own (RFC 9111 §5.2.2.7). */
export const personalHeaders = (headers: readonly string[]): string[] => [
  ...without(headers, new Set(['cache-control', 'expires'])),
  'cache-control',
  headers.some((value, i) => headers[i - 1] === 'cache-control' && i % 2 === 1 && value.includes('no-store'))
    ? 'no-store'
    : 'private, no-cache',
]

/** Headers but those of these names, which are in lower case. */
const without = (headers: readonly string[], names: ReadonlySet<string>): string[] => {
  const kept: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (!names.has((headers[i] as string).toLowerCase())) kept.push(headers[i] as string, headers[i + 1] as string)
  return kept
}

/** Headers of a service as they may be shown; those that cannot be are left out. */
export const maskedHeaders = (headers: readonly string[], masker: Masker): string[] => {
  const shown: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const value = maskHeader(headers[i] as string, headers[i + 1] as string, masker)
    if (value !== undefined) shown.push(headers[i] as string, value)
  }
  return shown
}

const jsonType = /^application\/(?:[\w.+-]*\+)?json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i

/** Said before its body is read, and where that turns out longer than was said. */
export const tooLargeToMask = 'gave an answer that is too large to be masked'

/** An answer that is held until it is whole and masked. What is wrong with it is said in words for the log and the client. */
export class HeldAnswer {
  readonly status: number
  readonly #masker: Masker
  readonly #maxBytes: number
  readonly #headers: readonly string[]
  readonly #mayBeEmpty: boolean
  #chunks: Buffer[] = []
  #size = 0

  constructor(
    {
      status,
      headers,
      method,
    }: { readonly status: number; readonly headers: readonly string[]; readonly method: string },
    { masker, maxBytes }: { readonly masker: Masker; readonly maxBytes: number },
  ) {
    this.status = status
    this.#headers = headers
    this.#masker = masker
    this.#maxBytes = maxBytes
    this.#mayBeEmpty = method === 'HEAD' || status === 204 || status === 304
  }

  /** Why it cannot be masked, as far as its head says; undefined where nothing is against it. */
  get mistake(): string | undefined {
    if (this.#mayBeEmpty) return undefined
    const length = this.#said('content-length')
    if (length === '0') return undefined
    if (Number(length ?? 0) > this.#maxBytes) return tooLargeToMask
    if (this.status === 206) return 'gave a part of an answer, which cannot be masked'
    const coding = this.#said('content-encoding') ?? 'identity'
    if (coding.toLowerCase() !== 'identity') return 'gave an encoded answer, which cannot be masked'
    return jsonType.test(this.#said('content-type') ?? '')
      ? undefined
      : 'gave an answer that is no JSON and cannot be masked'
  }

  /** False where it is more than is held. */
  add(chunk: Buffer): boolean {
    this.#size += chunk.length
    // The next read may write over it.
    if (this.#size <= this.#maxBytes) this.#chunks.push(Buffer.from(chunk))
    return this.#size <= this.#maxBytes
  }

  /** Head and body as they may be shown. Throws Unmaskable. */
  whole(): { readonly headers: string[]; readonly body: Buffer | undefined } {
    const headers = maskedHeaders(without(this.#headers, ofTheWhole), this.#masker)
    if (this.#mayBeEmpty) return { headers, body: undefined }
    const bytes = Buffer.concat(this.#chunks)
    const body = bytes.length === 0 ? bytes : Buffer.from(maskJson(textOf(bytes), this.#masker, { removed: 'gone' }))
    return { headers: [...headers, 'content-length', String(body.length)], body }
  }

  #said(name: string): string | undefined {
    let found: string | undefined
    for (let i = 0; i + 1 < this.#headers.length; i += 2) {
      if (this.#headers[i] !== name) continue
      // Said twice it is neither.
      if (found !== undefined && name !== 'content-length') return `${found}, ${this.#headers[i + 1]}`
      found = this.#headers[i + 1]
    }
    return found
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

const textOf = (bytes: Buffer): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Unmaskable('It is no UTF-8.')
  }
}

import { hash } from 'node:crypto'
import { boundedFetch, clientAuthorization } from '../../kernel/bounded-fetch.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Guard } from '../call.ts'
import type { Lease, Resources } from '../resources.ts'

/** How the gateway gets a token of its own (RFC 6749 §4.4). */
export type ClientCredentials = {
  /** https, or on this machine. */
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope: string | undefined
  readonly audience: string | undefined
}

/** A token of the gateway's own, renewed before it ends. */
export type OwnToken = {
  /** What goes into Authorization; undefined while there is none. */
  readonly authorization: string | undefined
  /** Resolves once there is one. Rejects with the reason: the authorization server says no, or says nothing. */
  ready(): Promise<void>
  close(): void
}

/** How long the authorization server may take. */
const patienceMs = 5_000
/** After a failure; callers meanwhile get the same failure. */
const pauseMs = 1_000
/** Where the server does not say how long a token lasts. */
const usualLifeMs = 300_000
/** A token is not used in its last moments: it has to arrive before it ends. */
const marginMs = 10_000
/** The share of its life after which a new one is asked for. */
const renewAfter = 0.75
const longestAnswer = 65_536

/** A share in the token of these credentials: services that name the same have the same, reloads included. */
export const acquireToken = (
  credentials: ClientCredentials,
  resources: Resources,
  tools: { readonly clock: Clock; readonly warn?: ((message: string) => void) | undefined },
): Lease<OwnToken> =>
  resources.acquire(
    `token ${hash('sha256', JSON.stringify(credentials), 'base64url')}`,
    () => new RenewedToken(credentials, tools),
    (token) => token.close(),
  )

class RenewedToken implements OwnToken {
  readonly #credentials: ClientCredentials
  readonly #clock: Clock
  readonly #warn: ((message: string) => void) | undefined
  readonly #closed = new AbortController()
  #token: { readonly authorization: string; readonly until: number } | undefined
  #pending: Promise<void> | undefined
  #failed: { readonly error: unknown; readonly until: number } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(
    credentials: ClientCredentials,
    { clock, warn }: { readonly clock: Clock; readonly warn?: ((message: string) => void) | undefined },
  ) {
    this.#credentials = credentials
    this.#clock = clock
    this.#warn = warn
    // Before the first call needs it.
    this.ready().catch(() => {})
  }

  get authorization(): string | undefined {
    return this.#token !== undefined && this.#clock.now() < this.#token.until ? this.#token.authorization : undefined
  }

  ready(): Promise<void> {
    if (this.authorization !== undefined) return Promise.resolve()
    if (this.#failed !== undefined && this.#clock.now() < this.#failed.until) return Promise.reject(this.#failed.error)
    return this.#renew()
  }

  close(): void {
    this.#closed.abort()
    clearTimeout(this.#timer)
  }

  /** One request at a time, whoever asks. */
  #renew(): Promise<void> {
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #ask(): Promise<void> {
    try {
      const { authorization, lifeMs } = await requestToken(this.#credentials, this.#closed.signal)
      this.#failed = undefined
      const usableMs = Math.max(lifeMs - marginMs, lifeMs / 2)
      this.#token = { authorization, until: this.#clock.now() + usableMs }
      this.#later(usableMs * renewAfter)
    } catch (error) {
      this.#failed = { error, until: this.#clock.now() + pauseMs }
      if (this.#closed.signal.aborted) throw error
      this.#warn?.(`A token for the gateway could not be had from ${this.#credentials.tokenUrl}: ${reasonOf(error)}`)
      if (this.#token !== undefined) this.#later(pauseMs * 10)
      throw error
    }
  }

  #later(ms: number): void {
    if (this.#closed.signal.aborted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#renew().catch(() => {}), Math.min(ms, 2 ** 31 - 1)).unref()
  }
}

const reasonOf = (error: unknown): string => {
  const { message, cause } = error as { readonly message: string; readonly cause?: { readonly message?: string } }
  return cause?.message === undefined ? message : `${message} (${cause.message})`
}

const requestToken = async (
  { tokenUrl, clientId, clientSecret, scope, audience }: ClientCredentials,
  closed: AbortSignal,
): Promise<{ readonly authorization: string; readonly lifeMs: number }> => {
  const options = {
    method: 'POST',
    redirect: 'error' as const,
    signal: AbortSignal.any([closed, AbortSignal.timeout(patienceMs)]),
    headers: { accept: 'application/json', authorization: clientAuthorization(clientId, clientSecret) },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      ...(scope !== undefined && { scope }),
      ...(audience !== undefined && { audience }),
    }),
  }
  const response = await boundedFetch(tokenUrl, options, longestAnswer)
  const body = await response.text()
  if (response.status !== 200) throw new Error(`It answered ${response.status}${errorIn(body)}.`)
  const { access_token: token, token_type: type, expires_in: life } = jsonOf(body)
  // A token becomes part of a header.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) throw new Error('Its answer has no token.')
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') throw new Error('Its token is no bearer token.')
  const seconds = Number(life)
  return { authorization: `Bearer ${token}`, lifeMs: seconds > 0 ? seconds * 1_000 : usualLifeMs }
}

const jsonOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

/** The code of an error (RFC 6749 §5.2): a word, no text of somebody else's. */
const errorIn = (body: string): string => {
  const { error } = jsonOf(body)
  return typeof error === 'string' && /^[a-z_]{1,64}$/.test(error) ? ` (${error})` : ''
}

/** Calls wait for the first token, and fail where none can be had: nothing is sent without it. */
export const withToken =
  (service: string, token: OwnToken): Guard =>
  (next) =>
  (input, context) =>
    token.authorization !== undefined ? next(input, context) : afterToken(service, token, () => next(input, context))

const afterToken = async <Reply>(service: string, token: OwnToken, call: () => Promise<Reply>): Promise<Reply> => {
  try {
    await token.ready()
  } catch (cause) {
    throw noToken(service, cause)
  }
  return call()
}

/** Nobody was asked: the gateway has nothing to show. */
export const noToken = (service: string, cause?: unknown): Problem =>
  new Problem('UNAVAILABLE', `Service ${service} could not be asked: the gateway has no token for it.`, {
    service,
    refused: true,
    cause,
  })

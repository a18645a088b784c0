import { KeyObject } from 'node:crypto'
import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWSHeaderParameters,
} from 'jose'
import type { Logger } from 'pino'
import { boundedFetch } from '../../../kernel/bounded-fetch.ts'
import type { Clock } from '../../../kernel/clock.ts'
import type { Problem } from '../../../kernel/problem.ts'
import type { Stores } from '../../stores.ts'
import { undecided } from '../authenticator.ts'
import { discoverKeys, fetchTimeoutMs } from './discovery.ts'
import { type JwtKeys, leastModulusBits } from './provider.ts'

/** The keys of a provider while the gateway runs. */
export type KeySet = {
  /**
   * The key for a token's header, chosen by `kid` and type alone: nothing a token carries or points to is believed.
   * A PEM text, or the bytes of a secret. Throws a JOSE error where none fits, Problem where no keys could be had.
   */
  keyFor(header: JWSHeaderParameters): Promise<string | Buffer>
  /** Grows when keys come or go: what older keys verified must be verified again. */
  revision(): number
}

export type KeyTools = { readonly clock: Clock; readonly log: Logger; readonly stores: Stores }

/** Opens a key set. Remote ones outlive the generation, so that a reload does not fetch again. */
export const openKeys = (keys: JwtKeys, tools: KeyTools): KeySet => {
  if (keys.kind === 'remote')
    return tools.stores.keep(`jwks ${keys.url}`, () => remoteKeys(keys.url, async () => keys.url, tools))
  if (keys.kind === 'discovery')
    return tools.stores.keep(`discovery ${keys.issuer}`, () =>
      remoteKeys(keys.issuer, discoverKeys(keys.issuer), tools),
    )
  if (keys.kind === 'secret') {
    const secret = Promise.resolve(keys.secret.export())
    return { keyFor: () => secret, revision: () => 0 }
  }
  const select = createLocalJWKSet(keys.jwks)
  const pem = pemTexts()
  return { keyFor: async (header) => pem(await select(header)), revision: () => 0 }
}

/** Fetches at most this often for a `kid` nobody knows. */
const cooldownMs = 30_000
/** While there are no keys at all, every request waits for some: try again sooner. */
const firstRetryMs = 1_000
const refreshMs = 600_000
/** Past this, keys that nobody could confirm are no longer believed. */
const oldestMs = 86_400_000

/**
 * jose fetches and selects. When to fetch is decided here: it would refuse good keys when the issuer is down past its
 * max age, and fetch for every request while the issuer fails.
 */
const remoteSet = (url: string) =>
  createRemoteJWKSet(new URL(url), {
    timeoutDuration: fetchTimeoutMs,
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: boundedFetch,
  })

/** `name` is for the log; `locate` says where the keys are, anew for each fetch. */
const remoteKeys = (name: string, locate: () => Promise<string>, { clock, log }: KeyTools): KeySet => {
  const pem = pemTexts()
  let remote = remoteSet('https://nowhere.invalid')
  let located = ''
  let known = ''
  let revision = 0
  let fetchedAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let pending: Promise<void> | undefined

  const fetchKeys = async (): Promise<void> => {
    triedAt = clock.now()
    try {
      const url = await locate()
      const next = url === located ? remote : remoteSet(url)
      await next.reload()
      remote = next
      located = url
    } catch (cause) {
      log.warn({ err: cause, issuer: name }, 'The keys of an issuer could not be fetched.')
      throw cause
    } finally {
      pending = undefined
    }
    fetchedAt = clock.now()
    const text = JSON.stringify(remote.jwks())
    if (text !== known) revision += 1
    known = text
  }
  /** Fetches, unless someone is fetching already or did a moment ago. */
  const refresh = (leastMs: number): Promise<void> | undefined => {
    if (pending === undefined && clock.now() - triedAt >= leastMs) pending = fetchKeys()
    return pending
  }
  const haveKeys = async (): Promise<void> => {
    const age = clock.now() - fetchedAt
    if (age < refreshMs) return
    if (age < oldestMs) {
      refresh(cooldownMs)?.catch(() => undefined) // logged already; the last good keys serve on
      return
    }
    try {
      await refresh(firstRetryMs)
    } catch (cause) {
      throw noKeys(cause)
    }
    if (clock.now() - fetchedAt >= oldestMs) throw noKeys(undefined)
  }
  return {
    async keyFor(header) {
      await haveKeys()
      try {
        return pem(await remote(header))
      } catch (unknown) {
        if (!(unknown instanceof errors.JWKSNoMatchingKey)) throw unknown
        const fetching = refresh(cooldownMs)
        if (fetching === undefined) throw unknown
        await fetching.catch(() => undefined) // logged already; the token stays one of an unknown key
        return pem(await remote(header))
      }
    },
    revision: () => revision,
  }
}

const noKeys = (cause: unknown): Problem => undecided('Tokens cannot be verified at the moment.', cause)

/** PEM texts of keys, each made once: the verifier takes no other form. */
const pemTexts = (): ((key: CryptoKey) => string) => {
  const texts = new WeakMap<CryptoKey, string>()
  return (key) => {
    const text = texts.get(key) ?? pemOf(key)
    texts.set(key, text)
    return text
  }
}

const pemOf = (key: CryptoKey): string => {
  const object = KeyObject.from(key)
  if ((object.asymmetricKeyDetails?.modulusLength ?? leastModulusBits) < leastModulusBits) {
    throw new errors.JWKInvalid(`RSA keys need ${leastModulusBits} bits.`)
  }
  return object.export({ type: 'spki', format: 'pem' }).toString()
}

import { createPublicKey, createSecretKey } from 'node:crypto'
import { resolve } from 'node:path'
import type { JSONWebKeySet, JWK } from 'jose'
import { coordinateOf } from '../../../config/places.ts'
import { isSafeSource } from '../../../kernel/bounded-fetch.ts'
import { type Diagnostic, hasErrors } from '../../../kernel/diagnostic.ts'
import { readText } from '../../../kernel/snapshot.ts'
import type { CompiledProvider, ProviderContext } from '../authenticator.ts'
import type { JwtIssuerConfig, JwtProviderConfig } from './config.ts'
import { type JwtAlgorithm, type JwtIssuer, type JwtKeys, type JwtProvider, leastModulusBits } from './provider.ts'

/** HS256 needs a key as long as its hash (RFC 7518 §3.2); a shorter one can be guessed from any token. */
const leastSecretBytes = 32

/** Checks an entry of `auth:` and reads its keys. A key set behind a URL is fetched when the first token comes. */
export const compileJwtProvider = async (
  name: string,
  { jwt }: JwtProviderConfig,
  context: ProviderContext,
): Promise<CompiledProvider<JwtProvider>> => {
  const compiled = jwt.map((config, index) =>
    compileIssuer(config, { ...context, path: ['auth', name, 'jwt', ...(jwt.length > 1 ? [index] : [])] }),
  )
  const diagnostics = [...compiled.flatMap((one) => one.diagnostics), ...sharedNames(name, jwt, context)]
  const issuers = compiled.flatMap(({ issuer }) => issuer ?? [])
  return {
    provider: hasErrors(diagnostics) ? undefined : { kind: 'jwt', name, issuers },
    diagnostics,
    files: jwt.flatMap((config) => {
      const jwks = 'jwks' in config ? config.jwks : undefined
      return jwks === undefined || isUrl(jwks) ? [] : [jwks]
    }),
  }
}

const nameOf = (config: JwtIssuerConfig): string => ('issuer' in config ? config.issuer : config.discovery)

/** A token is held against the keys of its issuer: there can be one set of them. */
const sharedNames = (
  name: string,
  jwt: JwtProviderConfig['jwt'],
  { placeOf }: ProviderContext,
): readonly Diagnostic[] => {
  const seen = new Set<string>()
  return jwt.flatMap((config, index): readonly Diagnostic[] => {
    const issuer = nameOf(config)
    if (!seen.has(issuer)) {
      seen.add(issuer)
      return []
    }
    const path = ['auth', name, 'jwt', index, 'issuer' in config ? 'issuer' : 'discovery']
    const message = `The issuer ${issuer} is there twice. A token has one issuer, and that one set of keys.`
    return [{ severity: 'error', code: 'PORTICO-013', place: placeOf(path), coordinate: coordinateOf(path), message }]
  })
}

const compileIssuer = (
  config: JwtIssuerConfig,
  { workspaceDir, placeOf, shared, path }: ProviderContext & { readonly path: readonly (string | number)[] },
): { readonly issuer: JwtIssuer | undefined; readonly diagnostics: readonly Diagnostic[] } => {
  const diagnostics: Diagnostic[] = []
  const refuse = (key: 'secret' | 'jwks' | 'discovery' | 'revocation', message: string): undefined => {
    const at = [...path, key]
    diagnostics.push({
      severity: 'error',
      code: 'PORTICO-013',
      place: placeOf(at),
      coordinate: coordinateOf(at),
      message,
    })
  }
  const secret = 'secret' in config ? config.secret : undefined
  const algorithms: readonly JwtAlgorithm[] =
    config.algorithms ?? (secret === undefined ? ['RS256', 'ES256', 'EdDSA'] : ['HS256'])
  const keys = keysOf(config, { workspaceDir, algorithms, refuse })
  if (config.revocation !== undefined && !shared)
    refuse('revocation', 'The list of revoked tokens is kept in Redis: give the workspace a `redis`.')
  if (keys === undefined || diagnostics.length > 0) return { issuer: undefined, diagnostics }
  const revocation = config.revocation && {
    stalenessMs: config.revocation.staleness,
    failClosed: config.revocation.whenDown === 'refuse',
  }
  const { audience, clockSkew: clockSkewMs, scopeClaim, rolesClaim, groupsClaim, requiredClaims, type } = config
  const { maxSize: maxBytes, maxLifetime: maxLifetimeMs } = config
  const rules = { clockSkewMs, scopeClaim, rolesClaim, groupsClaim, requiredClaims, type, maxBytes, maxLifetimeMs }
  return { issuer: { name: nameOf(config), audience, algorithms, ...rules, keys, revocation }, diagnostics }
}

const keysOf = (
  config: JwtIssuerConfig,
  {
    refuse,
    ...context
  }: Omit<KeySetContext, 'refuse'> & {
    readonly refuse: (key: 'secret' | 'jwks' | 'discovery', message: string) => undefined
  },
): JwtKeys | undefined => {
  if ('discovery' in config) {
    const { discovery } = config
    const why = unsafe(discovery) ?? (/[?#]/.test(discovery) ? 'An issuer has no query and no fragment.' : undefined)
    return why === undefined ? { kind: 'discovery', issuer: discovery } : refuse('discovery', why)
  }
  const { secret, jwks = '' } = config
  if (secret !== undefined) return sharedSecret(secret, (why) => refuse('secret', why))
  return publicKeys(jwks, { ...context, refuse: (why) => refuse('jwks', why) })
}

type Refuse = (message: string) => undefined

const sharedSecret = (text: string, refuse: Refuse): JwtKeys | undefined => {
  const secret = Buffer.from(text)
  return secret.length < leastSecretBytes
    ? refuse(`A secret needs at least ${leastSecretBytes} bytes; this one has ${secret.length}.`)
    : { kind: 'secret', secret: createSecretKey(secret) }
}

type KeySetContext = {
  readonly workspaceDir: string
  readonly algorithms: readonly JwtAlgorithm[]
  readonly refuse: Refuse
}

const isUrl = (jwks: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(jwks)

const publicKeys = (jwks: string, context: KeySetContext): JwtKeys | undefined =>
  isUrl(jwks) ? remoteKeySet(jwks, context.refuse) : keySetFile(jwks, context)

const remoteKeySet = (text: string, refuse: Refuse): JwtKeys | undefined => {
  const why = unsafe(text)
  return why === undefined ? { kind: 'remote', url: new URL(text).href } : refuse(why)
}

/** Why keys are not fetched from there, or undefined where they may be. */
const unsafe = (text: string): string | undefined => {
  if (!URL.canParse(text)) return 'This is no URL.'
  return isSafeSource(new URL(text))
    ? undefined
    : 'Keys are fetched over https, by an address without a password: over anything else, whoever is in between can replace them.'
}

const keySetFile = (file: string, { workspaceDir, algorithms, refuse }: KeySetContext): JwtKeys | undefined => {
  const text = textOf(resolve(workspaceDir, file))
  if (text === undefined) return refuse(`There is no readable file ${file} in the workspace.`)
  const jwks = parseKeySet(text)
  if (jwks === undefined) return refuse(`${file} is no JSON Web Key Set: expected { "keys": [ … ] } (RFC 7517 §5).`)
  if (jwks.keys.some((key) => 'd' in key || 'k' in key)) {
    return refuse(`${file} holds a private or secret key. Verification needs the public ones only.`)
  }
  const reasons = jwks.keys.map((key) => unusable(key, algorithms))
  if (reasons.includes(undefined)) return { kind: 'file', file, jwks }
  const why = reasons.length === 0 ? 'it is empty' : reasons.map((reason, i) => `key ${i + 1} ${reason}`).join('; ')
  return refuse(`${file} has no key that ${algorithms.join(', ')} can use: ${why}.`)
}

const textOf = (path: string): string | undefined => {
  try {
    return readText(path)
  } catch {
    return undefined
  }
}

const parseKeySet = (text: string): JSONWebKeySet | undefined => {
  try {
    const parsed = JSON.parse(text) as { readonly keys?: unknown } | null
    const keys = parsed?.keys
    return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null && !Array.isArray(key))
      ? { keys: keys as JWK[] }
      : undefined
  } catch {
    return undefined
  }
}

/** Why a key verifies nothing here, or undefined where it does. */
const unusable = (key: JWK, algorithms: readonly JwtAlgorithm[]): string | undefined => {
  if (key.use !== undefined && key.use !== 'sig') return `is for ${key.use}, not for signatures`
  if (key.alg !== undefined && !(algorithms as readonly string[]).includes(key.alg)) return `is for ${key.alg}`
  if (!algorithms.some((algorithm) => fits(key, algorithm))) return `has type ${key.crv ?? key.kty}`
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: key, format: 'jwk' })
    return (asymmetricKeyDetails?.modulusLength ?? leastModulusBits) < leastModulusBits
      ? `has fewer than ${leastModulusBits} bits`
      : undefined
  } catch {
    return 'is malformed'
  }
}

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', EdDSA: 'Ed25519' }

const fits = ({ kty, crv }: JWK, algorithm: JwtAlgorithm): boolean =>
  curves[algorithm] === undefined ? kty === 'RSA' : curves[algorithm] === crv

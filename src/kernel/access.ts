import type { Identity } from './caller.ts'
import { isRawNumber, type Json, numberText } from './json.ts'
import { Problem, unauthenticated } from './problem.ts'

/** Lists of words, of which all words of one list have to be there. Empty where nothing is asked. */
export type Alternatives = readonly (readonly string[])[]

/** What callers have to be to get at something: `require` of a BFF or route, `@auth` of a schema. All of it at once. */
export type AccessRule = {
  readonly public: boolean
  /** Of providers that all know the caller; what else is asked is asked of what the first of them knows. */
  readonly providers: Alternatives
  readonly scopes: Alternatives
  readonly roles: Alternatives
  readonly groups: Alternatives
  readonly claims: readonly ClaimRule[]
  readonly match: readonly MatchRule[]
}

/** A claim that has to equal one of some values, or to be a list with one of them. */
type ClaimRule = Named & { readonly wanted: readonly Json[] }

/** Something that the request says, which a claim has to say too. */
export type MatchRule = {
  /** Where in the request: `path`, `tenant`. */
  readonly said: readonly string[]
  /** Undefined for the subject. */
  readonly claim: Named | undefined
}

/** What of a rule is written; the rest asks nothing. */
export type WrittenRule = Partial<Pick<AccessRule, 'public' | 'providers' | 'scopes' | 'roles' | 'groups'>> & {
  /** By name; `org.id` is the member `id` of the claim `org`, where there is no claim of that very name. */
  readonly claims?: Readonly<Record<string, Json>>
  /** `subject` or `claims.NAME`, each with what in the request has to equal it. */
  readonly match?: readonly { readonly said: readonly string[]; readonly equals: string }[]
}

export const accessRule = ({ claims = {}, match = [], ...written }: WrittenRule): AccessRule => ({
  public: written.public ?? false,
  providers: written.providers ?? [],
  scopes: written.scopes ?? [],
  roles: written.roles ?? [],
  groups: written.groups ?? [],
  claims: Object.entries(claims).map(([name, wanted]) => ({ ...claimNamed(name), wanted: listed(wanted) })),
  match: match.map(({ said, equals }) => ({
    said,
    claim: equals === 'subject' ? undefined : claimNamed(equals.slice('claims.'.length)),
  })),
})

const claimNamed = (name: string): Named => ({ name, path: name.split('.') })

/** Reads one claim of many holders: the claim of that very name, else, for names with dots, the member at that path. */
export const claimReader = (name: string): ((claims: Identity['claims']) => unknown) => {
  const named = claimNamed(name)
  return (claims) => claimAt(claims, named)
}

const listed = (wanted: Json): readonly Json[] => (Array.isArray(wanted) ? wanted : [wanted])

/** What a rule asks, as it is written, for the audit log alone. */
export const neededBy = (rule: AccessRule): Readonly<Record<string, unknown>> => {
  const { providers, scopes, roles, groups, claims, match } = rule
  const wanted = Object.fromEntries(claims.map((one) => [one.name, one.wanted]))
  const equal = Object.fromEntries(match.map(({ said, claim }) => [said.join('.'), claim?.name ?? 'subject']))
  const all = { providers, scopes, roles, groups, claims: wanted, match: equal }
  return Object.fromEntries(Object.entries(all).filter(([, asked]) => Object.keys(asked).length > 0))
}

/** Which part of a rule a known caller does not meet, in a word for metrics and the audit log. */
export type DenialReason = 'providers' | 'scopes' | 'roles' | 'groups' | 'claims' | 'match'

/** The cause of a denial's Problem: logged, never sent. */
export class Denied extends Error {
  override readonly name = 'Denied'
  readonly reason: DenialReason

  constructor(reason: DenialReason) {
    super(reason)
    this.reason = reason
  }
}

/** What the request says at a place of `match`; undefined where it says nothing, or says it in two ways. */
export type Said = (said: readonly string[]) => unknown

const nothing: Said = () => undefined

/** Why a rule refuses a caller; undefined when it does not. */
export const refusal = (
  rule: AccessRule,
  identity: Identity | undefined,
  said: Said = nothing,
): Problem | undefined => {
  if (rule.public) return undefined
  if (identity === undefined) return unauthenticated()
  const reason = rule.providers.length === 0 ? lacking(rule, identity, said) : lackingOfAll(rule, identity, said)
  // Whoever is denied learns that, and nothing of the rule.
  return reason && new Problem('PERMISSION_DENIED', 'The caller may not see this.', { cause: new Denied(reason) })
}

/** Of several proofs of who calls, those decide that the rule names. */
const lackingOfAll = (rule: AccessRule, identity: Identity, said: Said): DenialReason | undefined => {
  const known = [identity, ...(identity.beside ?? [])]
  let reason: DenialReason = 'providers'
  for (const names of rule.providers) {
    const [first, ...others] = names.map((name) => known.find(({ provider }) => provider === name))
    if (first === undefined || others.includes(undefined)) continue
    const lacks = lacking(rule, first, said)
    if (lacks === undefined) return undefined
    reason = lacks
  }
  return reason
}

const lacking = (rule: AccessRule, identity: Identity, said: Said): DenialReason | undefined => {
  if (!covers(identity.scopes, rule.scopes)) return 'scopes'
  if (!covers(identity.roles, rule.roles)) return 'roles'
  if (!covers(identity.groups, rule.groups)) return 'groups'
  if (!rule.claims.every((one) => one.wanted.some((wanted) => holds(claimAt(identity.claims, one), wanted))))
    return 'claims'
  return rule.match.every((one) => agrees(identity, said(one.said), one)) ? undefined : 'match'
}

const covers = (has: ReadonlySet<string> | undefined, wanted: Alternatives): boolean =>
  wanted.length === 0 || (has !== undefined && wanted.some((all) => all.every((word) => has.has(word))))

type Named = { readonly name: string; readonly path: readonly string[] }

const claimAt = (claims: Identity['claims'], { name, path }: Named): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : memberAt(claims, path)

/** The value at a path of members that an object has itself. */
export const memberAt = (value: unknown, path: readonly string[]): unknown => {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[name]
  }
  return at
}

/** Exact equality, or exact membership where the claim is a list: `admin` is not in `administrator`. */
const holds = (claim: unknown, wanted: Json): boolean =>
  Array.isArray(claim) ? claim.some((item) => same(item, wanted)) : same(claim, wanted)

/** A number is no text, however it is written. */
const same = (claim: unknown, wanted: Json): boolean =>
  claim === wanted || (isNumber(claim) && isNumber(wanted) && numberText(claim) === numberText(wanted))

/** Of a list every item has to agree, and an empty one, which services may read as all there is, never does. */
const agrees = (identity: Identity, value: unknown, { claim }: MatchRule): boolean => {
  const wanted = claim === undefined ? identity.subject : claimAt(identity.claims, claim)
  const items = Array.isArray(value) ? value : [value]
  return items.length > 0 && items.every((item) => spells(wanted, item))
}

/** Paths, queries and IDs are text: a claim that is a number agrees with its digits. Neither is ever empty. */
const spells = (claim: unknown, item: unknown): boolean => {
  if (Array.isArray(claim)) return claim.some((one) => !Array.isArray(one) && spells(one, item))
  const text = textOf(item)
  return text !== undefined && text !== '' && text === textOf(claim)
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : isNumber(value) ? numberText(value) : undefined

const isNumber = (value: unknown): value is Parameters<typeof numberText>[0] =>
  typeof value === 'number' || isRawNumber(value)

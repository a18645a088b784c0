import type { Caller, Identity } from '../caller.ts'
import { createMasker, type Masker } from './masker.ts'
import type { MaskRule } from './rule.ts'

/** Callers for whom a rule does not hold: with any of the scopes, or of whom any of the claims is known. */
export type Exception = {
  readonly scopes: readonly string[]
  readonly claims: Readonly<Record<string, string>>
}

export type ScopedRule = MaskRule & {
  readonly in: readonly ('answers' | 'logs' | 'audit')[]
  readonly except: Exception | undefined
}

/** What is masked where. */
export type Masks = {
  /** Of what a caller gets; undefined where that is shown as it is. */
  readonly answersFor: (caller: Pick<Caller, 'identity'>) => Masker | undefined
  /** Whether callers get different answers by it. */
  readonly personal: boolean
  /** Of lines of the log, where paths may begin anywhere; undefined for none. */
  readonly logs: Masker | undefined
  /** Of lines of the audit log likewise. */
  readonly audit: Masker | undefined
}

/** Rules that hold for all callers but some. Those who are let off the same share a masker. */
export const createMasks = (rules: readonly ScopedRule[]): Masks => {
  const shown = rules.filter((rule) => rule.in.includes('answers'))
  const excepting = shown.filter(({ except }) => except !== undefined)
  const maskers = new Map<string, Masker | undefined>()
  const written = (place: 'logs' | 'audit'): Masker | undefined =>
    maskerOf(
      rules
        .filter((rule) => rule.in.includes(place))
        .map((rule) => ({ ...rule, path: rule.path && ['**', ...rule.path] })),
    )
  return {
    answersFor({ identity }) {
      const isOff = (rule: ScopedRule): boolean => rule.except !== undefined && isLetOff(rule.except, identity)
      // As many as there are kinds of callers: combinations of exceptions that the workspace says.
      const kind = excepting.map((rule) => (isOff(rule) ? '1' : '0')).join('')
      if (!maskers.has(kind)) maskers.set(kind, maskerOf(shown.filter((rule) => !isOff(rule))))
      return maskers.get(kind)
    },
    personal: excepting.length > 0,
    logs: written('logs'),
    audit: written('audit'),
  }
}

const maskerOf = (rules: readonly MaskRule[]): Masker | undefined =>
  rules.length === 0 ? undefined : createMasker(rules)

const isLetOff = ({ scopes, claims }: Exception, identity: Identity | undefined): boolean => {
  if (identity === undefined) return false
  return (
    scopes.some((scope) => identity.scopes.has(scope)) ||
    Object.entries(claims).some(([name, wanted]) => {
      const claim = Object.hasOwn(identity.claims, name) ? identity.claims[name] : undefined
      return Array.isArray(claim) ? claim.includes(wanted) : claim === wanted
    })
  )
}

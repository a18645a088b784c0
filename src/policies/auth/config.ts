import { z } from 'zod'
import { nameKey } from '../../config/scalars.ts'
import type { AccessRule } from '../../kernel/access.ts'
import { requireConfig } from './require.ts'
import type { SaidPlaces } from './said.ts'

/** What stands among providers for callers who show nothing. */
export const anonymous = 'anonymous'

/** Who may enter a BFF or route: the callers that these providers know, by any of them or by all, or everybody. */
export type AuthRule = {
  readonly combine: 'anyOf' | 'allOf'
  /** By the names under `auth:`, in the order in which they are asked. Empty where nobody is asked who they are. */
  readonly providers: readonly string[]
  /** Whether callers without any credential come in too. */
  readonly optional: boolean
  /** What callers have to be beside known; every known caller enters where undefined. */
  readonly require?: AccessRule
  /** The stored operation whose `@auth` it is; undefined where it is the BFF's or route's. */
  readonly operation?: string
  /** Where what `require` matches stands, as the route says. */
  readonly places?: SaidPlaces
}

const several = z.array(nameKey).min(1, { error: 'Expected at least one provider.' })
const optional = z.boolean().default(false).describe('Whether callers without a credential come in too.')

const required = requireConfig.optional()

type More = { readonly optional: boolean; readonly require?: AccessRule | undefined }
type Written =
  | string
  | readonly string[]
  | (More & { readonly provider: string })
  | (More & { readonly anyOf: readonly string[] })
  | (More & { readonly allOf: readonly string[] })

const ruleOf = (written: Written): AuthRule => {
  if (typeof written === 'string') return anyOf([written], false)
  if (!('optional' in written)) return anyOf(written, false)
  const { optional: open, require } = written
  const more = require === undefined ? {} : { require }
  if ('provider' in written) return { ...anyOf([written.provider], open), ...more }
  if ('anyOf' in written) return { ...anyOf(written.anyOf, open), ...more }
  return { combine: 'allOf', providers: written.allOf, optional: open, ...more }
}

const anyOf = (names: readonly string[], open: boolean): AuthRule => ({
  combine: 'anyOf',
  providers: names.filter((name) => name !== anonymous),
  optional: open || names.includes(anonymous),
})

/**
 * The `auth` of a BFF or route: `shoppers`, `[shoppers, partners]` for any of them, `{ allOf: [shoppers, device] }` for
 * all of them at once; `optional: true`, or `anonymous` among any of them, lets in who shows nothing. With `require`,
 * known callers have to be more than known.
 */
export const authConfig = z
  .union([
    nameKey,
    several,
    z.strictObject({ provider: nameKey.describe('The provider.'), optional, require: required }),
    z.strictObject({
      anyOf: several.describe('Providers of which one has to know the caller.'),
      optional,
      require: required,
    }),
    z.strictObject({
      allOf: several.describe('Providers that all have to know the caller.'),
      optional,
      require: required,
    }),
  ])
  .transform(ruleOf)
  // Whoever left the credential at home would pass a rule that stops those who show it.
  .refine(({ optional: open, require }) => !open || require === undefined, {
    error: '`require` asks something of callers, so they have to be known: leave `optional` and `anonymous` away.',
    path: ['require'],
  })

/** A name of an entry of `auth:`. */
export const providerName = nameKey.refine((name) => name !== anonymous, {
  error: '`anonymous` stands for callers that no provider knows: take another name.',
})

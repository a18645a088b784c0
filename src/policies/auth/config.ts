import { z } from 'zod'
import { nameKey } from '../../config/scalars.ts'

/** What stands among providers for callers who show nothing. */
export const anonymous = 'anonymous'

/** Who may enter a BFF or route: the callers that these providers know, by any of them or by all, or everybody. */
export type AuthRule = {
  readonly combine: 'anyOf' | 'allOf'
  /** By the names under `auth:`, in the order in which they are asked. Empty where nobody is asked who they are. */
  readonly providers: readonly string[]
  /** Whether callers without any credential come in too. */
  readonly optional: boolean
}

const several = z.array(nameKey).min(1, { error: 'Expected at least one provider.' })
const optional = z.boolean().default(false).describe('Whether callers without a credential come in too.')

type Written =
  | string
  | readonly string[]
  | { readonly provider: string; readonly optional: boolean }
  | { readonly anyOf: readonly string[]; readonly optional: boolean }
  | { readonly allOf: readonly string[]; readonly optional: boolean }

const ruleOf = (written: Written): AuthRule => {
  if (typeof written === 'string') return anyOf([written], false)
  if ('provider' in written) return anyOf([written.provider], written.optional)
  if ('allOf' in written) return { combine: 'allOf', providers: written.allOf, optional: written.optional }
  return 'anyOf' in written ? anyOf(written.anyOf, written.optional) : anyOf(written, false)
}

const anyOf = (names: readonly string[], open: boolean): AuthRule => ({
  combine: 'anyOf',
  providers: names.filter((name) => name !== anonymous),
  optional: open || names.includes(anonymous),
})

/**
 * The `auth` of a BFF or route: `shoppers`, `[shoppers, partners]` for any of them, `{ allOf: [shoppers, device] }` for
 * all of them at once; `optional: true`, or `anonymous` among any of them, lets in who shows nothing.
 */
export const authConfig = z
  .union([
    nameKey,
    several,
    z.strictObject({ provider: nameKey.describe('The provider.'), optional }),
    z.strictObject({ anyOf: several.describe('Providers of which one has to know the caller.'), optional }),
    z.strictObject({ allOf: several.describe('Providers that all have to know the caller.'), optional }),
  ])
  .transform(ruleOf)

/** A name of an entry of `auth:`. */
export const providerName = nameKey.refine((name) => name !== anonymous, {
  error: '`anonymous` stands for callers that no provider knows: take another name.',
})

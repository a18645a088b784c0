import { z } from 'zod'
import { type AccessRule, type Alternatives, accessRule } from '../../kernel/access.ts'

const word = z.string().min(1, { error: 'Expected a word.' })

/** `admin`, `[admin, staff]` for any of them, `[[staff, eu], [admin]]` for all of one list. */
const alternatives = z
  .union([word, z.array(z.union([word, z.array(word).min(1)])).min(1)])
  .transform((written): Alternatives => [written].flat().map((one) => [one].flat()))

// A large number would be read as another than is written, and what is true of no claim is of no use.
const value = z.union([z.string(), z.int(), z.boolean()], { error: 'Expected text, an integer, true or false.' })

const place = z.string().regex(/^(?:path\.\w+|query\.[^\s=&]+|host|subdomain)$/, {
  error: 'Expected path.NAME, query.NAME, host or subdomain.',
})
const proof = z.string().regex(/^(?:subject|claims(?:\.[^.\s]+)+)$/, { error: 'Expected subject or claims.NAME.' })

/** What callers of a BFF or route have to be beside known. */
export const requireConfig = z
  .strictObject({
    providers: alternatives
      .optional()
      .describe('Providers that have to know the caller; all else is then asked of what the first of them knows.'),
    scopes: alternatives
      .optional()
      .describe('Scopes: `orders:read`, `[a, b]` for any of them, `[[a, b], [c]]` for a and b together, or c.'),
    roles: alternatives.optional().describe('Roles, in the forms of scopes.'),
    groups: alternatives.optional().describe('Groups, in the forms of scopes.'),
    claims: z
      .record(word, z.union([value, z.array(value).min(1)]))
      .optional()
      .describe(
        'Claims by name, `org.id` for nested ones, each with its value or several of which one will do. Compared exactly; of a claim that is a list, one item has to be equal.',
      ),
    match: z
      .record(place, proof)
      .optional()
      .describe(
        'What of a request has to equal a claim: `path.NAME` (a parameter of the route’s path), `query.NAME`, `host`, or `subdomain` (what `*` of the route’s `hosts` stands for), each with `claims.NAME` or `subject`.',
      ),
  })
  .refine((rule) => Object.values(rule).some((one) => one !== undefined), { error: 'Require something.' })
  .transform(
    ({ match = {}, claims, ...words }): AccessRule =>
      accessRule({
        ...Object.fromEntries(Object.entries(words).filter(([, one]) => one !== undefined)),
        ...(claims !== undefined && { claims }),
        match: Object.entries(match).map(([at, equals]) => ({ said: partsOf(at), equals })),
      }),
  )
  .describe('What callers have to be beside known. Whoever is not gets 403.')

/** The name of a parameter may have dots of its own. */
const partsOf = (at: string): readonly string[] => {
  const dot = at.indexOf('.')
  return dot < 0 ? [at] : [at.slice(0, dot), at.slice(dot + 1)]
}

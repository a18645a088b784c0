import { z } from 'zod'
import { oneOrMore } from '../config/scalars.ts'

const ruleConfig = z.strictObject({
  path: z
    .string()
    .optional()
    .describe(
      'Which values, by the names that lead to them: `user.cards[].number`, `**.password` at any depth, `*` for any one name. Lists are reached through, with or without `[]`.',
    ),
  pattern: z
    .union([
      z.enum(['card', 'email', 'iban', 'token']),
      z.strictObject({
        like: z
          .string()
          .describe(
            'A form of your own: `#` a digit, `@` a letter, `*` either, `+` at the end for what of both follows; `EMP-####`.',
          ),
      }),
    ])
    .optional()
    .describe('Which parts of any text: card numbers, e-mail addresses, IBANs, bearer tokens and JWTs, or a form.'),
  becomes: z
    .union([z.enum(['remove', 'last4', 'hash']), z.strictObject({ text: z.string() })])
    .describe('What stands in the place: nothing, `****` and the last four characters, a keyed hash, or a text.'),
  in: oneOrMore(z.enum(['answers', 'logs', 'audit']))
    .default(['answers', 'logs'])
    .describe('Where: in what clients get, errors included, in the log, and in the audit log.'),
  except: z
    .strictObject({
      scopes: z.array(z.string()).default([]).describe('Any of these scopes.'),
      claims: z.record(z.string(), z.string()).default({}).describe('Any of these claims, or a list that has it.'),
    })
    .optional()
    .describe('Callers whose answers are not masked by this rule.'),
})

export const maskConfig = z.strictObject({
  secret: z
    .string()
    .min(16, { error: 'Expected 16 characters or more.' })
    .optional()
    .describe('The key of hashes, such as `file:secrets/mask`.'),
  rules: z.array(ruleConfig).min(1).describe('The rules; of two for one value the first holds.'),
})

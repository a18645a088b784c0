import { type AccessRule, neededBy } from '../../kernel/access.ts'
import type { AuthRule } from './config.ts'

/**
 * What a stored operation says of who may run it, in place of the rule of its BFF: other providers where it names some,
 * and all that it asks but `match`, which compares variables that are not read yet. Undefined where nobody is asked
 * anything; a text says why it cannot be.
 */
export const narrow = (rule: AuthRule | undefined, access: AccessRule): AuthRule | undefined | string => {
  const asked = askedBy(rule, access)
  if (typeof asked === 'string') return asked
  if (access.public) return asked && { ...asked, optional: true }
  if (asked === undefined || asked.providers.length === 0)
    return 'Nobody is known here: name `providers`, or add `auth` to the BFF.'
  const require = { ...access, providers: [], match: [] }
  return Object.keys(neededBy(require)).length === 0 ? asked : { ...asked, require }
}

const askedBy = (
  rule: AuthRule | undefined,
  { providers }: AccessRule,
): Pick<AuthRule, 'combine' | 'providers' | 'optional'> | undefined | string => {
  const [first, ...more] = providers
  if (first === undefined) return rule && { combine: rule.combine, providers: rule.providers, optional: false }
  if (more.length === 0 && first.length > 1) return { combine: 'allOf', providers: first, optional: false }
  if (providers.some((all) => all.length > 1))
    return '`providers` of an operation are alternatives of one each, or one list of several that are all needed.'
  return { combine: 'anyOf', providers: providers.flat(), optional: false }
}

import { type AccessRule, refusal } from '../../kernel/access.ts'
import type { AuthRule } from './config.ts'
import { holdersOf, type Provider } from './kinds.ts'

/**
 * Why nobody whom the providers of a place know could meet a rule there; undefined where somebody may. What a request
 * says is not looked at.
 */
export const unmet = (
  rule: AccessRule,
  { combine, providers: asked }: Pick<AuthRule, 'combine' | 'providers'>,
  providers: ReadonlyMap<string, Provider>,
): string | undefined => {
  if (rule.public) return undefined
  const bare = { ...rule, providers: [], match: [] }
  // Of several that are needed at once the first says who the caller is.
  const judged = rule.providers.length > 0 ? rule.providers : combine === 'allOf' ? [asked] : asked.map((one) => [one])
  const reasons: string[] = []
  for (const [name = ''] of judged) {
    const provider = providers.get(name)
    const reason = provider && lacking(bare, provider)
    if (reason === undefined) return undefined
    reasons.push(reason)
  }
  return reasons.length === 0 ? undefined : [...new Set(reasons)].join('; ')
}

const lacking = (rule: AccessRule, provider: Provider): string | undefined => {
  const holders = holdersOf(provider)
  if (holders === undefined) return undefined
  if ('all' in holders) {
    const { all, called } = holders
    return all.some((one) => refusal(rule, one) === undefined) ? undefined : `no ${called} of ${provider.name} does`
  }
  const never = holders.never.find((part) => rule[part].length > 0)
  return never && `callers of ${provider.name} have no ${never}`
}

import { isIP } from 'node:net'
import { inRanges } from '../../kernel/address-ranges.ts'
import { Problem } from '../../kernel/problem.ts'
import { definePolicy } from '../policy.ts'
import { ipRulesConfig } from './config.ts'

/** One rule with its lists' ranges in place of their names. */
export type IpRule = { readonly allow: readonly string[] | undefined; readonly deny: readonly string[] }

/**
 * Lets in by address, before anybody is asked who he is: a rule of the gateway, and one of the place, each of which
 * has to agree. The address is the one that trusted proxies vouch for; one that is none (a word, one with a port) is
 * refused, for nobody can say which rule it is under. An IPv4 address may be written as IPv6 (`::ffff:10.0.0.1`).
 */
export const ipRules = definePolicy<typeof ipRulesConfig, readonly IpRule[]>({
  name: 'ipRules',
  config: ipRulesConfig,
  hooks(rules) {
    const letsIn = rules.map(judgeOf)
    return {
      onRequest: [
        ({ caller: { address } }, _reply, done) => {
          if (letsIn.every((one) => one(address))) done()
          else done(new Problem('PERMISSION_DENIED', 'This is not open to you.'))
        },
      ],
    }
  },
})

type Judge = (address: string) => boolean

/** The gateway's rule stands before every route: its ranges are held once. */
const judges = new WeakMap<IpRule, Judge>()

const judgeOf = (rule: IpRule): Judge => {
  const known = judges.get(rule)
  if (known !== undefined) return known
  const isDenied = inRanges(rule.deny)
  const isAllowed = rule.allow === undefined ? isAddress : inRanges(rule.allow)
  const judge: Judge = (address) => isAllowed(address) && !isDenied(address)
  judges.set(rule, judge)
  return judge
}

const isAddress: Judge = (address) => isIP(address) !== 0

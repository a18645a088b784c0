import { duration } from '../../config/scalars.ts'
import { writtenValue } from '../../config/written.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { LimitConfig } from './config.ts'
import type { By } from './key.ts'
import { type Period, untilPeriodEnds } from './period.ts'
import type { RuleKind } from './rule.ts'

/** A limit as the plan has it: plain data. */
export type Limit = {
  /** What clients are told: `user-1m`. */
  readonly name: string
  /** What its counters are kept under, together with its name; undefined for the place whose limit it is. */
  readonly scope: string | undefined
  readonly kind: RuleKind
  readonly limit: number
  readonly windowMs: number
  readonly period: Period | undefined
  readonly by: readonly By[]
  readonly counts: 'requests' | 'calls' | 'cost'
}

const dayMs = 86_400_000

/** The limits of one place, each under a name of its own. */
export const readLimits = (configs: readonly LimitConfig[], scope?: string): readonly Limit[] => {
  const taken = new Set<string>()
  return configs.map((config) => {
    const read = readLimit(config, scope)
    let { name } = read
    for (let number = 2; taken.has(name); number += 1) name = `${read.name}-${number}`
    taken.add(name)
    return { ...read, name }
  })
}

const readLimit = (config: LimitConfig, scope: string | undefined): Limit => {
  const { by, counts } = config
  const named = (span: string): string =>
    config.name ??
    [
      ...(scope === undefined ? [] : [scope.replace('plans.', '')]),
      ...(counts === 'requests' ? [] : [counts]),
      ...by.map(wordOf),
      span,
    ].join('-')
  const common = { scope, by, counts }
  if ('quota' in config) {
    const { limit, per, zone } = config.quota
    const windowMs = per === 'day' ? dayMs : 31 * dayMs
    return { ...common, name: named(per), kind: 'fixed', limit, windowMs, period: { per, zone } }
  }
  const span = String(writtenValue(duration, config.window))
  if (config.algorithm === 'tokenBucket') {
    const { rate, window, burst = rate } = config
    const windowMs = (burst * window) / rate
    return { ...common, name: named(span), kind: 'bucket', limit: burst, windowMs, period: undefined }
  }
  const { algorithm: kind, limit, window: windowMs } = config
  return { ...common, name: named(span), kind, limit, windowMs, period: undefined }
}

const nouns = { requests: '', calls: ' upstream calls', cost: ' units of cost' } as const

/** A limit in words: `600 in 1m`, `20 at once, and 10 in 1s`, `1000 in a day`. */
export const allowance = ({ counts, kind, limit, windowMs, period }: Limit): string => {
  if (period !== undefined) return `${limit}${nouns[counts]} in a ${period.per}`
  const span = String(writtenValue(duration, Math.round(windowMs)))
  return kind === 'bucket'
    ? `${limit}${nouns[counts]} at once, all of them again in ${span}`
    : `${limit}${nouns[counts]} in ${span}`
}

/** The same with whom it counts: `600 in 1m by user`. */
export const limitInWords = (limit: Limit): string => `${allowance(limit)} by ${limit.by.map(wordOf).join(' and ')}`

const wordOf = (by: By): string =>
  typeof by === 'string' ? by : ('claim' in by ? by.claim : by.header).replaceAll(/[^A-Za-z0-9]+/g, '-')

/** How one limit counts, of which a process has a share of so many. */
export const ruleOf = ({ kind, limit, windowMs, period }: Limit, shares: number, clock: Clock) => ({
  kind,
  limit: Math.max(1, Math.floor(limit / shares)),
  // A bucket of a share has a share of the flow: it takes as long to fill.
  windowMs,
  endsIn: period && untilPeriodEnds(period, clock),
})

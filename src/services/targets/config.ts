import { z } from 'zod'
import { count, duration, hostPort, nameKey, oneOrMore, share } from '../../config/scalars.ts'
import { balances, defaults } from './settings.ts'

/** What a target may say beside its address. */
export const targetConfig = {
  weight: count.max(1_000).default(1).describe('Its share of the calls, relative to the other targets.'),
  priority: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Targets of the lowest number get the calls; the next ones only while none of those can be used.'),
  zone: z
    .string()
    .optional()
    .describe('Where it stands. Of the targets of one priority, those in the gateway’s own `zone` come first.'),
  part: nameKey.optional().describe('The part of the service’s `split` that it belongs to.'),
}

const name = z.string().min(1)

/** What of a request is kept together. */
export const affinityConfig = z.union([
  z.literal('address'),
  z.strictObject({ header: name.describe('A request header.') }),
  z.strictObject({ cookie: name.describe('A cookie.') }),
  z.strictObject({ claim: name.describe('A claim of the caller’s token.') }),
])

/** What an entry of `services:` says about its targets, whatever it speaks. */
export const targetsConfig = {
  balance: z
    .union([
      z.enum(balances, { error: `Expected ${balances.join(', ')}, or hash with what to keep together.` }),
      z.strictObject({
        hash: affinityConfig.describe('What is kept together; calls without it take turns.'),
      }),
    ])
    .default(defaults.balance)
    .describe(
      'Which target gets a call: `roundRobin` in turn by weight, `leastRequests` the less busy of two, `latency` the faster of two, `hash` always the same for the same address, header, cookie or claim.',
    ),
  discovery: z
    .union([
      z.enum(['system', 'dns', 'srv']).transform((kind) => ({ kind })),
      z.strictObject({
        kind: z.enum(['system', 'dns', 'srv']).describe('Who is asked.'),
        name: name.optional().describe('The name to ask for, where it is not the host of the target.'),
        servers: oneOrMore(hostPort).optional().describe('The DNS servers to ask; the system’s by default.'),
        refresh: duration.default(defaults.discovery.refreshMs).describe('The longest time an answer is used.'),
      }),
    ])
    .default({ kind: 'system' })
    .describe(
      'How names become addresses: by the `system`’s resolver, asked again every 30s; by `dns` (A and AAAA), as often as its answers say; by `srv` records with their ports, priorities and weights. All addresses of a name are targets.',
    ),
  ejection: z
    .strictObject({
      failures: count.default(defaults.ejection.failures).describe('So many failures in a row.'),
      rate: share.default(defaults.ejection.rate).describe('Or such a share of failures over ten seconds.'),
      volume: count
        .default(defaults.ejection.volume)
        .describe('Calls in ten seconds below which the rate does not count.'),
      time: duration
        .default(defaults.ejection.baseMs)
        .describe('How long it is out the first time; twice as long the second time, and so on, up to 5m.'),
      most: share
        .default(defaults.ejection.share)
        .describe('The largest share of the targets that may be out for this, where no later priority stands by.'),
    })
    .prefault({})
    .describe(
      'When one of several targets is taken out: 5xx but 501, broken connections and timeouts are failures. Tried again by one call before it is back.',
    ),
  slowStart: duration
    .default(defaults.slowStartMs)
    .describe('How long a target that is new or back takes to get its full share. Off by default.'),
  panic: share
    .default(defaults.panic)
    .describe(
      'Where fewer targets than this pass their health checks, the checks are not believed and all get calls. 0% by default: without a healthy target calls are refused with 503.',
    ),
}

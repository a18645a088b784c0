import { isLoopback } from '../admin.ts'
import type { Found, Ground, Rule } from './finding.ts'
import { domainOf, isInside } from './hosts.ts'

/** What goes to services and to Redis, and who can read it on the way. */
export const serviceRules: readonly Rule[] = [
  (ground) => [...ground.plan.services.values()].flatMap((service) => ofService(service, ground)),
  ({ plan: { redis } }) => (redis === undefined ? [] : ofRedis(redis)),
  ({ plan: { budgetMs } }) =>
    budgetMs <= mostWaitMs
      ? []
      : [
          {
            code: 'PORTICO-737',
            path: ['budget'],
            message: `Requests may take ${budgetMs / 1_000} s: at most 60s does.`,
          },
        ],
]

type Service = Ground['plan']['services'] extends ReadonlyMap<string, infer One> ? One : never

/** Longer than people wait, and load balancers before us. */
const mostWaitMs = 60_000

const ofService = (service: Service, ground: Ground): readonly Found[] => {
  const { name, identity, tls, timeoutMs, targets } = service
  const encrypted = tls !== undefined || (service.kind === 'rest' && service.origin.startsWith('https:'))
  const path = ['services', name]
  const hosts = [...new Set(targets.targets.map((target) => target.name))]
  const away = hosts.filter((host) => !isLoopback(host))
  const found: Found[] = []
  if (!encrypted && away.length > 0)
    found.push(
      identity === 'none'
        ? {
            code: 'PORTICO-751',
            path: [...path, service.kind],
            message: `${away.join(', ')} is asked in plain text: use TLS.`,
          }
        : {
            code: 'PORTICO-750',
            path: [...path, 'identity'],
            message: `Who calls goes to ${away.join(', ')} in plain text (identity: ${identity}): use TLS.`,
          },
    )
  const internal = away.filter((host) => isInside(host))
  if (encrypted && tls?.ca === undefined && tls?.pins === undefined && internal.length > 0)
    found.push({
      code: 'PORTICO-752',
      path: [...path, service.kind],
      message: `Public authorities vouch for ${internal.join(', ')}: name your own by \`tls.ca\`, or \`tls.pins\`.`,
    })
  const home = homeOf(ground)
  const foreign = away.filter((host) => !home.has(domainOf(host)))
  if (identity === 'forward' && foreign.length > 0)
    found.push({
      code: 'PORTICO-753',
      path: [...path, 'identity'],
      message: `${foreign.join(', ')} gets the tokens of callers, and is of another domain than their issuers: say \`identity: headers\`, or give it a token of the gateway’s own.`,
    })
  if (timeoutMs > mostWaitMs)
    found.push({
      code: 'PORTICO-737',
      path: [...path, 'timeout'],
      message: `A try may take ${timeoutMs / 1_000} s: at most 60s does.`,
    })
  return found
}

/** Domains that callers' tokens are at home in: this network, and those of issuers. */
const homeOf = ({ plan }: Ground): ReadonlySet<string> =>
  new Set([
    'inside',
    ...[...plan.providers.values()].flatMap((provider) => {
      const urls =
        provider.kind === 'jwt'
          ? provider.issuers.map(({ name }) => name)
          : provider.kind === 'oauth2'
            ? [provider.url]
            : []
      return urls.flatMap((url) => (URL.canParse(url) ? [domainOf(new URL(url).hostname)] : []))
    }),
  ])

const ofRedis = (text: string): readonly Found[] => {
  if (!URL.canParse(text)) return []
  const { protocol, hostname, password } = new URL(text)
  if (isLoopback(hostname)) return []
  const lacks = [...(protocol === 'rediss:' ? [] : ['TLS (rediss://)']), ...(password === '' ? ['a password'] : [])]
  if (lacks.length === 0) return []
  return [
    {
      code: 'PORTICO-754',
      path: ['redis'],
      message: `Redis at ${hostname} is reached without ${lacks.join(' and ')}.`,
    },
  ]
}
